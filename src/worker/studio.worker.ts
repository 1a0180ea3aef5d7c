/** The studio's worker: a shell that hands each command to its room and posts what comes back. */
import { allowOwnScripts } from '../base/own-scripts.ts';
import type { ReportProgress, Watch } from '../distill/ports.ts';
import { watchVersions } from '../store/database.ts';
import { measureStored } from '../store/sizes.ts';
import { addPiecesAndStore } from './add-pieces.ts';
import { bench } from './bench.ts';
import { Exclusive } from './exclusive.ts';
import { Experiments } from './experiments.ts';
import {
  exportDemo,
  exportModel,
  exportOnnx,
  exportServer,
  packUpload,
  type ExportWatch,
} from './export-model.ts';
import { exportProject } from './export-project.ts';
import {
  assignSplit,
  changeReading,
  readAsKept,
  importFiles,
  mapColumns,
  removeFile,
  takeReasons,
} from './import-data.ts';
import { loadSample } from './sample-data.ts';
import { loadBundledStudent } from './import-student.ts';
import { holdLife } from './life.ts';
import { MachineUse } from './machine-use.ts';
import { probeMachine } from './machine.ts';
import { answerCommands, type Handlers } from './answer-commands.ts';
import type { AsideType, CommandType, WorkerMessage } from './protocol.ts';
import { estimateMemory } from './estimate-memory.ts';
import { estimateSteps, measureAndStore, reduceAndStore } from './reduce-student.ts';
import { exportRun } from './run-archives.ts';
import { RunKeeper } from './run-keeper.ts';
import { Wire } from './wire.ts';

const wire = new Wire((message: WorkerMessage) => self.postMessage(message));
const reduction = new Exclusive('A student is being reduced.');
const machine = new MachineUse(() => reduction.isAtWork);
const keeper = new RunKeeper(wire, machine);
const experiments = new Experiments(keeper);
void holdLife(self.name).then(() => wire.alive());

let dataWork: Promise<unknown> = Promise.resolve();

/** One after the other: each of these reads a dataset's record, takes its time, and writes the record again. */
function inTurn<AnyCommand, Result>(
  handle: (command: AnyCommand, report: ReportProgress, signal: AbortSignal) => Promise<Result>,
) {
  return (command: AnyCommand, { report, signal }: Watch): Promise<Result> => {
    const result = dataWork.then(() => {
      signal.throwIfAborted();
      return handle(command, report, signal);
    });
    dataWork = result.catch(() => undefined);
    return result;
  };
}

const handlers: Handlers<Exclude<CommandType, AsideType>> = {
  'import-files': inTurn(importFiles),
  'take-reasons': inTurn(takeReasons),
  'remove-file': inTurn(removeFile),
  'assign-split': inTurn(assignSplit),
  'map-columns': inTurn(mapColumns),
  'change-reading': inTurn(changeReading),
  'read-as-kept': inTurn(readAsKept),
  'load-sample': inTurn(loadSample),
  'reduce-student': (command, watch) => reduction.run(() => reduceAndStore(command, watch, machine)),
  'add-pieces': (command, watch) => reduction.run(() => addPiecesAndStore(command, watch, machine)),
  'measure-reduction': (command, watch) => reduction.run(() => measureAndStore(command, watch, machine)),
  'estimate-steps': estimateSteps,
  'estimate-memory': estimateMemory,
  'load-bundled-student': (command, { report }) => loadBundledStudent(command, report),
  'measure-storage': measureStored,
  probe: probeMachine,
  rehearse: ({ run }, watch) => keeper.rehearse(run, watch),
  'test-rates': ({ run }, watch) => keeper.testRates(run, watch),
  'start-run': ({ run }) => keeper.beginning(() => keeper.start(run)),
  'resume-run': (command) => keeper.beginning(() => experiments.resumeRun(command)),
  'start-experiment': ({ experiment }) => experiments.start(experiment),
  'resume-experiment': ({ experimentId }) => experiments.resume(experimentId),
  'halt-experiment': ({ experimentId, how }) => experiments.halt(experimentId, how),
  'leave-stopped': ({ runId }) => keeper.leaveStopped(runId),
  save: () => keeper.save(),
  pause: () => keeper.pause(),
  resume: () => keeper.resume(),
  stop: () => keeper.stop(),
  'skip-evaluation': () => keeper.skipEvaluation(),
  compare: (command, watch) => keeper.compare(command, watch),
  ask: (command, watch) => keeper.ask(command, watch),
  'ask-file': (command, watch) => keeper.askFile(command, watch),
  'watch-questions': ({ runId, questions }) => keeper.watchQuestions(runId, questions),
  'export-model': (command, watch) => exportModel(command, exporting(watch)),
  'export-onnx': (command, watch) => exportOnnx(command, exporting(watch)),
  'pack-upload': (command, watch) => packUpload(command, exporting(watch)),
  'export-demo': (command, watch) => exportDemo(command, exporting(watch)),
  'export-server': (command, watch) => exportServer(command, exporting(watch)),
  'export-project': exportProject,
  'export-run': exportRun,
  bench: async (command, watch) => {
    await machine.makeWay();
    return bench(command, watch, () => machine.busy);
  },
};

function exporting(watch: Watch): ExportWatch {
  return { ...watch, unkept: (runId) => keeper.unkeptWeights(runId), machine };
}

watchVersions({ onNewer: () => keeper.saveAndRest() });

// The engine starts threads from here.
allowOwnScripts();

answerCommands(wire, handlers);

// What a reload or a crash interrupted is resumed.
experiments.wake();
