/** Rows on their way from a hub: looked up, fetched in pieces, checked, and read as dropped files are. */
import { create } from 'zustand';
import { reportError, type ErrorReport } from '../../base/errors.ts';
import type { DatasetPart } from '../../hub/dataset-files.ts';
import type { HubDataset } from '../../hub/hub-client.ts';
import { parseDatasetName } from '../../hub/hub-name.ts';
import { clearPieces } from '../../store/hub-pieces.ts';
import { answered, fetchFiles, openHub, type HubAccessWish, type HubFrame } from '../state/hub-visit.ts';
import { studio } from '../state/studio.ts';

interface HubRowsState {
  phase: 'idle' | 'asking' | 'found' | 'fetching' | 'reading';
  found: HubDataset | null;
  /** As the name has it; null where it names none. */
  wantedConfig: string | null;
  gotBytes: number;
  totalBytes: number;
  /** Null until it is known. */
  leftMs: number | null;
  error: ErrorReport | null;
}

export const useHubRows = create<HubRowsState>(() => ({
  phase: 'idle',
  found: null,
  wantedConfig: null,
  gotBytes: 0,
  totalBytes: 0,
  leftMs: null,
  error: null,
}));

let frame: HubFrame | null = null;
let stop = new AbortController();

/** Asks what a dataset has; nothing is asked of the hub before. */
export async function lookUpRows(name: string, access: HubAccessWish): Promise<void> {
  const { phase } = useHubRows.getState();
  if (phase !== 'idle' && phase !== 'found') return;
  useHubRows.setState({ phase: 'asking', found: null, error: null });
  stop = new AbortController();
  try {
    const asked = parseDatasetName(name.trim());
    frame?.close();
    frame = await openHub(access);
    const { dataset } = answered(await frame.call('describe-dataset', asked, { signal: stop.signal }));
    useHubRows.setState({ phase: 'found', found: dataset, wantedConfig: asked.config });
  } catch (error) {
    ended(error, 'idle');
  }
}

/** Fetches the splits that were chosen, and reads them as dropped files. It resumes from what came before. */
export async function fetchRows(parts: readonly DatasetPart[]): Promise<void> {
  const { phase, found } = useHubRows.getState();
  if (phase !== 'found' || found === null || frame === null) return;
  const files = parts.flatMap((part) => part.files);
  const totalBytes = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  useHubRows.setState({ phase: 'fetching', gotBytes: 0, totalBytes, leftMs: null, error: null });
  stop = new AbortController();
  try {
    const onProgress = (gotBytes: number, leftMs: number | null): void =>
      useHubRows.setState({ gotBytes, leftMs });
    const fetched = await fetchFiles(frame, found, files, { signal: stop.signal, onProgress });
    const blobs = new Map(fetched.map(({ file, blob }) => [file, blob]));
    useHubRows.setState({ phase: 'reading' });
    await studio.importFiles(
      parts.flatMap((part) =>
        part.files.map((file, index) => new File([blobs.get(file)!], fileName(found, part, index))),
      ),
      null,
      placeOf(found, parts),
    );
    await clearPieces();
    frame.close();
    frame = null;
    useHubRows.setState({ phase: 'idle', found: null });
  } catch (error) {
    ended(error, 'found');
  }
}

/** What a link names: the commit, and the configuration that all these splits are of. */
function placeOf({ name, commit }: HubDataset, parts: readonly DatasetPart[]): string {
  const config = parts[0]?.config ?? '';
  return config === '' ? `${name}@${commit}` : `${name}@${commit}:${config}`;
}

/** Names the dataset and the split, by which files are told apart; several of a split are numbered. */
function fileName({ name }: HubDataset, { split, files }: DatasetPart, index: number): string {
  const end = /\.(?:parquet|jsonl|json|csv|tsv)(?:\.gz|\.zst)?$/.exec(files[index]!.path)?.[0] ?? '';
  const number = files.length === 1 ? '' : `-${index + 1}`;
  return `${name.split('/').at(-1)!}-${split}${number}${end}`;
}

/** Ends what is under way; what came is kept. */
export function stopHubRows(): void {
  stop.abort(new DOMException('stopped', 'AbortError'));
}

export function dismissHubRowsError(): void {
  useHubRows.setState({ error: null });
}

function ended(error: unknown, phase: 'idle' | 'found'): void {
  useHubRows.setState({ phase, error: stop.signal.aborted ? null : reportError(error) });
}
