// A program that fetches by pip, so that a test can kill it: FOLDER PYTHON.
import { pipDownload } from './pip.js';

const [folder = '', python = ''] = process.argv.slice(2);
await pipDownload({ requirement: 'a==1', folder, python });
