/** The studio's worker: a shell that hands each command to its room and posts what comes back. */
import { allowOwnScripts } from '../base/own-scripts.ts';
import type { ReportProgress, Watch } from '../distill/ports.ts';
import { watchVersions } from '../store/database.ts';
import { measureStored } from '../store/sizes.ts';
import { addPiecesAndStore } from './add-pieces.ts';
import { bench } from './bench.ts';
import { Exclusive } from './exclusive.ts';
import { exportProject } from './export-project.ts';
import { exportModel, exportServer } from './export-model.ts';
import {
  assignSplit,
  changeReading,
  importFiles,
  loadSample,
  mapColumns,
  measureLengths,
  removeFile,
  takeReasons,
} from './import-data.ts';
import { importStudent, loadBundledStudent } from './import-student.ts';
import { holdLife } from './life.ts';
import { probeMachine } from './machine.ts';
import type { CommandOf, CommandType, PageMessage, Results, WorkerMessage } from './protocol.ts';
import { estimateMemory } from './estimate-memory.ts';
import { estimateSteps, measureAndStore, reduceAndStore } from './reduce-student.ts';
import { exportRun, importRun, importRunFolder } from './run-archives.ts';
import { RunKeeper } from './run-keeper.ts';
import { Wire } from './wire.ts';

const wire = new Wire((message: WorkerMessage) => self.postMessage(message));
const reduction = new Exclusive('A student is being reduced.');
const keeper = new RunKeeper(wire, () => reduction.isAtWork);
void holdLife(self.name).then(() => wire.alive());

type Handlers = {
  [Type in CommandType]: (command: CommandOf<Type>, watch: Watch) => Results[Type] | Promise<Results[Type]>;
};

let dataWork: Promise<unknown> = Promise.resolve();

/** One after the other: each of these reads a dataset's record, takes its time, and writes the record again. */
function inTurn<AnyCommand, Result>(
  handle: (command: AnyCommand, report: ReportProgress) => Promise<Result>,
) {
  return (command: AnyCommand, { report }: Watch): Promise<Result> => {
    const result = dataWork.then(() => handle(command, report));
    dataWork = result.catch(() => undefined);
    return result;
  };
}

const handlers: Handlers = {
  'import-files': inTurn(importFiles),
  'take-reasons': inTurn(takeReasons),
  'remove-file': inTurn(removeFile),
  'assign-split': inTurn(assignSplit),
  'map-columns': inTurn(mapColumns),
  'change-reading': inTurn(changeReading),
  'load-sample': inTurn(loadSample),
  'measure-lengths': inTurn(measureLengths),
  'import-student': (command, { report }) => importStudent(command, report),
  'reduce-student': (command, watch) => reduction.run(() => reduceAndStore(command, watch, keeper)),
  'add-pieces': (command, watch) => reduction.run(() => addPiecesAndStore(command, watch, keeper)),
  'measure-reduction': (command, watch) => reduction.run(() => measureAndStore(command, watch, keeper)),
  'estimate-steps': estimateSteps,
  'estimate-memory': estimateMemory,
  'load-bundled-student': (command, { report }) => loadBundledStudent(command, report),
  'measure-storage': measureStored,
  probe: probeMachine,
  rehearse: ({ run }, watch) => keeper.rehearse(run, watch),
  'start-run': ({ run }) => keeper.start(run),
  'resume-run': ({ runId, engine, fromStart }) => keeper.resumeRun(runId, engine, fromStart),
  'leave-stopped': ({ runId }) => keeper.leaveStopped(runId),
  save: () => keeper.save(),
  pause: () => keeper.pause(),
  resume: () => keeper.resume(),
  stop: () => keeper.stop(),
  'skip-evaluation': () => keeper.skipEvaluation(),
  compare: ({ runId, testRows }, watch) => keeper.compare(runId, testRows, watch),
  ask: ({ runId, question }, watch) => keeper.ask(runId, question, watch),
  'export-model': (command, { report }) =>
    exportModel(command, report, (runId) => keeper.unkeptWeights(runId), keeper),
  'export-server': (command, { report }) =>
    exportServer(command, report, (runId) => keeper.unkeptWeights(runId)),
  'export-project': (command, { report }) => exportProject(command, report),
  'export-run': (command, { report }) => exportRun(command, report),
  'import-run': inTurn(importRun),
  'import-run-folder': inTurn(importRunFolder),
  bench: async (command, { report }) => {
    await keeper.makeWay();
    return bench(command, report, () => keeper.busy);
  },
};

watchVersions({ onNewer: () => keeper.saveAndRest() });

// The engine starts threads from here.
allowOwnScripts();

/** What is under way, by the number of its request. */
const underWay = new Map<number, AbortController>();

self.onmessage = ({ data: message }: MessageEvent<PageMessage>) => {
  switch (message.type) {
    case 'cancel':
      underWay.get(message.id)?.abort();
      return;
    case 'command':
      void perform(message);
      return;
    default:
      message satisfies never;
  }
};

async function perform({ id, command }: PageMessage & { type: 'command' }): Promise<void> {
  const cancel = new AbortController();
  underWay.set(id, cancel);
  // The table above pairs each command with its handler; TypeScript cannot follow that through an index.
  const handle = handlers[command.type] as (
    command: unknown,
    watch: Watch,
  ) => Results[CommandType] | Promise<Results[CommandType]>;
  try {
    wire.result(id, await handle(command, { report: wire.progressOf(id), signal: cancel.signal }));
  } catch (error) {
    if (isAbort(error)) wire.cancelled(id);
    else wire.failed(id, error);
  } finally {
    underWay.delete(id);
  }
}

/** Cancelled, by the page or by what came in between. */
function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError';
}
