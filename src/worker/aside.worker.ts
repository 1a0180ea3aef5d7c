/**
 * The worker that reads what strangers made: students' folders, runs as files, and rows under a student's tokenizer. Each
 * command has its own worker, beside the worker that trains, so that a run never waits for it, and the page may end it at
 * a limit (aside.ts) at no loss: what is stored is stored whole, or removed at the next opening.
 */
import { allowOwnScripts } from '../base/own-scripts.ts';
import { answerCommands } from './answer-commands.ts';
import { measureLengths } from './measure-lengths.ts';
import { importStudent } from './import-student.ts';
import { holdLife } from './life.ts';
import type { AsideType, WorkerMessage } from './protocol.ts';
import { importRun, importRunFolder } from './run-archives.ts';
import { Wire } from './wire.ts';

const wire = new Wire((message: WorkerMessage) => self.postMessage(message));
void holdLife(self.name).then(() => wire.alive());
allowOwnScripts();
answerCommands<AsideType>(wire, {
  'import-student': (command, { report }) => importStudent(command, report, () => wire.sign()),
  'import-run': (command, { report }) => importRun(command, report, () => wire.sign()),
  'import-run-folder': (command, { report }) => importRunFolder(command, report, () => wire.sign()),
  'measure-lengths': (command, { report }) => measureLengths(command, report),
});
