/** What a dropped or named file holds: as a stream where it is large and can be one, else as a whole. */
import { InputError } from '../base/errors.ts';
import { formatBytes } from '../base/units.ts';
import { kindOf, kindProbeBytes, NoDataError } from '../formats/kind.ts';
import type { PartedFile } from '../formats/parquet.ts';
import { maxUnpackedBytes } from '../formats/unpack.ts';
import { zipParts, type ZipPart } from '../formats/zip-entries.ts';
import { leftOut, openContainers, type Container, type OpenOptions } from './containers.ts';
import { openByteStream, openStream, streamedFromBytes, type RecordStream } from './record-stream.ts';

export type Source =
  | { kind: 'whole'; file: string; container: Container }
  | { kind: 'stream'; file: string; stream: RecordStream };

/** Rows take at least so many times the room that they take when they are packed. */
const packedShare = 16;

/**
 * Opens a file by what is in it; one that holds several (a zip) gives several.
 *
 * @param file What people call the file.
 * @throws InputError which says what the file is, and what to do, where it has no records.
 * @throws EncodingError where it is text in an encoding that has to be asked for.
 */
export async function openSources(
  file: string,
  blob: PartedFile,
  options: OpenOptions = {},
): Promise<Source[]> {
  if (blob.size > 0 && blob.size >= streamedFromBytes / packedShare) {
    const kind = kindOf(file, new Uint8Array(await blob.slice(0, kindProbeBytes).arrayBuffer()));
    if (kind === 'zip') {
      const sources = await openZip(file, blob, options);
      if (sources !== null) return sources;
    } else if (blob.size >= streamedFromBytes || kind === 'gzip' || kind === 'zstd') {
      const stream = await openStream(file, blob, options);
      if (stream !== null) return [{ kind: 'stream', file, stream }];
    }
  }
  return (await openContainers(file, await wholeOf(file, blob), options)).map(asSource);
}

function asSource(container: Container): Source {
  return { kind: 'whole', file: container.file, container };
}

/** @throws InputError where it is more than is held. */
async function wholeOf(file: string, blob: PartedFile): Promise<Uint8Array> {
  if (blob.size <= maxUnpackedBytes) return new Uint8Array(await blob.slice(0, blob.size).arrayBuffer());
  throw new InputError(
    `This file of ${formatBytes(blob.size)} can only be read as a whole, which is done up to ${formatBytes(maxUnpackedBytes)}.`,
    'Save its rows as JSON Lines, CSV or Parquet, which are read piece by piece.',
    { file },
  );
}

/** The files of a zip of which some are large; null where none of these can be a stream. */
async function openZip(file: string, blob: PartedFile, options: OpenOptions): Promise<Source[] | null> {
  const parts = await zipParts(file, blob);
  const streams = new Map<ZipPart, RecordStream>();
  const left: NoDataError[] = [];
  const wholes = new Map<ZipPart, Container[]>();
  for (const part of parts) {
    const name = `${file}/${part.path}`;
    try {
      const stream = part.sizeBytes < streamedFromBytes ? null : await partStream(name, part, options);
      if (stream !== null) streams.set(part, stream);
    } catch (error) {
      if (!(error instanceof NoDataError)) throw error;
      left.push(error);
    }
  }
  if (streams.size === 0) return null;
  const given = left.length;
  for (const part of parts) {
    const name = `${file}/${part.path}`;
    if (streams.has(part) || left.slice(0, given).some((error) => error.file === name)) continue;
    try {
      const content = await unpackedPart(name, part);
      const containers = await openContainers(name, content, options);
      wholes.set(
        part,
        containers.map((container) => ({ ...container, packed: 'zip' })),
      );
    } catch (error) {
      if (!(error instanceof NoDataError)) throw error;
      left.push(error);
    }
  }
  const sources = parts.flatMap((part): Source[] => {
    const stream = streams.get(part);
    if (stream !== undefined) return [{ kind: 'stream', file: stream.file, stream }];
    return (wholes.get(part) ?? []).map(asSource);
  });
  const notes = leftOut(left);
  const [first] = sources;
  if (first?.kind === 'whole') first.container.notes.push(...notes);
  else if (first !== undefined) {
    const { stream } = first;
    first.stream = { ...stream, notes: () => [...stream.notes(), ...notes] };
  }
  return sources;
}

async function partStream(
  name: string,
  { blob, stream }: ZipPart,
  options: OpenOptions,
): Promise<RecordStream | null> {
  if (blob !== null) {
    const kind = kindOf(name, new Uint8Array(await blob.slice(0, kindProbeBytes).arrayBuffer()));
    // Read where it is in the zip.
    if (kind === 'parquet') {
      const table = await openStream(name, blob, options);
      return table === null ? null : { ...table, packed: 'zip' };
    }
  }
  return openByteStream(name, stream, 'zip', options);
}

/** @throws InputError where it is damaged, or more than is held. */
async function unpackedPart(name: string, { sizeBytes, stream }: ZipPart): Promise<Uint8Array> {
  if (sizeBytes > maxUnpackedBytes)
    throw new InputError(
      `This file of ${formatBytes(sizeBytes)} can only be read as a whole, which is done up to ${formatBytes(maxUnpackedBytes)}.`,
      'Save its rows as JSON Lines, CSV or Parquet, which are read piece by piece.',
      { file: name },
    );
  const whole = new Uint8Array(sizeBytes);
  let at = 0;
  // Never more than it says: that is held against what comes.
  for await (const { bytes } of stream.chunks()) {
    whole.set(bytes, at);
    at += bytes.length;
  }
  return whole;
}
