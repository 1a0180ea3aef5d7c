/** How files are read, from options into `run.json` and back. */
import { draws, formatDraw, parseDraw } from '../data/hold-out.ts';
import type { KeptReading } from '../data/kept-reading.ts';
import type { CompletionMode } from '../data/completions.ts';
import type { MetricId } from '../data/metrics/metrics.ts';
import type { DataArguments } from './data-files.ts';

/** What `run.json` keeps of the options; null where nothing was said. @param seed Of draws that name none. */
export function keptOf(options: DataArguments, seed: number): KeptReading | null {
  const drawn = Object.fromEntries(
    draws.flatMap(([option, key]) => {
      const text = options[option];
      return text === undefined ? [] : [[key, parseDraw(option, text, seed)]];
    }),
  ) as Pick<KeptReading, 'holdOut' | 'validation' | 'subsample'>;
  const said = <Key extends keyof KeptReading>(key: Key, value: KeptReading[Key] | undefined) =>
    value === undefined || value === false ? {} : { [key]: value };
  const column = options['split-column'];
  const kept: KeptReading = {
    ...said('map', options.map),
    ...said('rationalesMap', options['rationales-map']),
    ...said('completions', options.completions as CompletionMode | undefined),
    ...said('teachers', options.teachers),
    ...said('splitColumn', column === 'none' ? null : column),
    ...said('onlyMatching', options['only-matching']),
    ...said('unaligned', options.unaligned),
    ...said('fix', options.fix),
    ...said('metric', options.metric as MetricId | undefined),
    ...said('encoding', options.encoding),
    ...drawn,
  };
  return Object.keys(kept).length === 0 ? null : kept;
}

/**
 * Options with what `run.json` keeps, where nothing else is said. Test rows that are named now go before some that were
 * held out.
 */
export function withKept<Options extends DataArguments>(options: Options, kept: KeptReading | null): Options {
  // The sample is read as it is.
  if (kept === null || options.train === undefined) return options;
  const drawn = Object.fromEntries(
    draws.flatMap(([option, key]) => {
      const draw = kept[key];
      if (draw === undefined) return [];
      if (option === 'hold-out' && options.test !== undefined) return [];
      if (option === 'hold-out-validation' && options.validation !== undefined) return [];
      return [[option, formatDraw(draw)]];
    }),
  );
  const before: DataArguments = {
    ...drawn,
    ...(kept.map === undefined ? {} : { map: kept.map }),
    ...(kept.rationalesMap === undefined ? {} : { 'rationales-map': kept.rationalesMap }),
    ...(kept.completions === undefined ? {} : { completions: kept.completions }),
    ...(kept.teachers === undefined ? {} : { teachers: kept.teachers }),
    ...(kept.splitColumn === undefined ? {} : { 'split-column': kept.splitColumn ?? 'none' }),
    ...(kept.onlyMatching === undefined ? {} : { 'only-matching': kept.onlyMatching }),
    ...(kept.unaligned === undefined ? {} : { unaligned: kept.unaligned }),
    ...(kept.fix === undefined ? {} : { fix: kept.fix }),
    ...(kept.metric === undefined ? {} : { metric: kept.metric }),
    ...(kept.encoding === undefined ? {} : { encoding: kept.encoding }),
  };
  return { ...before, ...options };
}
