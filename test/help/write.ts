import { writeFileSync } from 'node:fs';
import { DOCUMENTS, madeAnew, pathOf } from './generated.js';

// Makes the parts of the documents anew that are made from the code: npm run documents

for (const document of DOCUMENTS) writeFileSync(pathOf(document), madeAnew(document));
