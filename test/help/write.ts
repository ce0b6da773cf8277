import { writeFileSync } from 'node:fs';
import { DOCUMENTS, madeAnew, pathOf } from './generated.js';

// Writes the generated parts of the documents: npm run documents

for (const document of DOCUMENTS) writeFileSync(pathOf(document), madeAnew(document));
