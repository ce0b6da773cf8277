import { fileSchema } from '../config/fileSchema.js';
import { type Command, EXIT_CODES } from './command.js';

/** The command `schema`: it prints the JSON Schema of the configuration file, for editors and for checks. */
export const schema: Command = {
  name: 'schema',
  describe: 'print the JSON Schema of the configuration file',
  options: {},
  async run() {
    process.stdout.write(`${JSON.stringify(fileSchema(), null, 2)}\n`);
    return EXIT_CODES.ok;
  },
};
