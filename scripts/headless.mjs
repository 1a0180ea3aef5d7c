/**
 * `npm run headless -- COMMAND …`: the studio's job from a terminal. Installs and builds what is missing, then runs
 * the bundled program (src/headless/main.ts) with the same arguments, standard input and exit code.
 */
import { ensureInstalled } from './install.mjs';
import { runProgram } from './run-program.mjs';
import { buildProgram } from './terminal-program.mjs';

ensureInstalled();
runProgram(buildProgram(), process.argv.slice(2));
