/** The studio's worker: a shell that hands each command to its room and posts what comes back. */
import { bench } from './bench.ts';
import { exportModel } from './export-model.ts';
import { assignSplit, importFiles, loadSample, measureLengths, removeFile } from './import-data.ts';
import { importStudent, loadBundledStudent } from './import-student.ts';
import { holdLife } from './life.ts';
import { probeMachine } from './machine.ts';
import { measureReduction } from './measure-reduction.ts';
import { measureStored } from '../store/sizes.ts';
import type { CommandOf, CommandType, Request, Results, WorkerMessage } from './protocol.ts';
import { estimateSteps, reduceStudent } from './reduce-student.ts';
import { exportRun, importRun } from './run-archives.ts';
import { RunKeeper } from './run-keeper.ts';
import { reduction, rehearsal } from './stoppable.ts';
import { Wire, type ReportProgress } from './wire.ts';

const wire = new Wire((message: WorkerMessage) => self.postMessage(message));
const keeper = new RunKeeper(wire);
void holdLife(self.name).then(() => wire.alive());

type Handlers = {
  [Type in CommandType]: (command: CommandOf<Type>, progress: ReportProgress) => Promise<Results[Type]>;
};

let dataWork: Promise<unknown> = Promise.resolve();

/** One after the other: each of these reads a dataset's record, takes its time, and writes the record anew. */
function inTurn<AnyCommand, Result>(
  handle: (command: AnyCommand, progress: ReportProgress) => Promise<Result>,
) {
  return (command: AnyCommand, progress: ReportProgress): Promise<Result> => {
    const result = dataWork.then(() => handle(command, progress));
    dataWork = result.catch(() => undefined);
    return result;
  };
}

const handlers: Handlers = {
  'import-files': inTurn(importFiles),
  'remove-file': inTurn(removeFile),
  'assign-split': inTurn(assignSplit),
  'load-sample': inTurn(loadSample),
  'measure-lengths': inTurn(measureLengths),
  'import-student': importStudent,
  'reduce-student': (command, progress) => reduceStudent(command, progress, keeper),
  'measure-reduction': (command, progress) => measureReduction(command, progress, keeper),
  'stop-reduction': () => reduction.stop(),
  'estimate-steps': estimateSteps,
  'load-bundled-student': loadBundledStudent,
  'measure-storage': measureStored,
  probe: probeMachine,
  rehearse: ({ run }, progress) => keeper.rehearse(run, progress),
  'stop-rehearsal': () => rehearsal.stop(),
  'start-run': ({ run }) => keeper.start(run),
  'resume-run': ({ runId, engine, fromStart }) => keeper.resumeRun(runId, engine, fromStart),
  'leave-stopped': ({ runId }) => keeper.leaveStopped(runId),
  save: () => keeper.save(),
  pause: () => keeper.pause(),
  resume: () => keeper.resume(),
  stop: () => keeper.stop(),
  'skip-evaluation': () => keeper.skipEvaluation(),
  compare: ({ runId, testRows }) => keeper.compare(runId, testRows),
  ask: ({ runId, question }, progress) => keeper.ask(runId, question, progress),
  'stop-asking': () => keeper.stopAsking(),
  'export-model': (command, progress) =>
    exportModel(command, progress, (runId) => keeper.unkeptWeights(runId)),
  'export-run': exportRun,
  'import-run': inTurn(importRun),
  bench: async (command, progress) => {
    await keeper.makeWay();
    return bench(command, progress, () => keeper.busy);
  },
};

self.onmessage = (event: MessageEvent<Request>) => {
  const { id, command } = event.data;
  // The table above pairs each command with its handler; TypeScript cannot follow that through an index.
  const handle = handlers[command.type] as (
    command: unknown,
    progress: ReportProgress,
  ) => Promise<Results[CommandType]>;
  handle(command, wire.progressOf(id)).then(
    (result) => wire.result(id, result),
    (error: unknown) => wire.failed(id, error),
  );
};
