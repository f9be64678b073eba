// A program that downloads by pip, for a test that kills it. Arguments: FOLDER PYTHON.
import { pipDownload } from './pip.js';

const [folder = '', python = ''] = process.argv.slice(2);
await pipDownload({ requirement: 'a==1', folder, python });
