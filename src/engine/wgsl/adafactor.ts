/** Dispatches of Adafactor: each needs what those before it have summed. */
import { adafactorChunk, type Adafactor } from '../plan/operations.ts';
import {
  dispatch,
  fold,
  foldThreads,
  read,
  sumParts,
  write,
  type Dispatch,
  type Sharing,
} from './dispatch.ts';
import applySource from './kernels/adafactor-apply.wgsl?raw';
import columnsSource from './kernels/adafactor-columns.wgsl?raw';
import factorsSource from './kernels/adafactor-factors.wgsl?raw';
import rowsSource from './kernels/adafactor-rows.wgsl?raw';
import totalsSource from './kernels/adafactor-totals.wgsl?raw';
import sums from './kernels/sums.wgsl?raw';

/** Rows up to this long take a thread each. */
const narrowColumns = 48;

export function adafactor(operation: Adafactor, sharing: Sharing): Dispatch[] {
  const { count, rows, columns, vector, decayed, scaled } = operation;
  const allRows = count * rows;
  const chunks = Math.ceil(rows / adafactorChunk);
  const bound = {
    parameters: read('parameters', operation.parameters),
    gradients: read('gradients', operation.gradients),
    rowState: read('rowState', operation.rowState),
    columnState: read('columnState', operation.columnState),
    rowSums: read('rowSums', operation.rowSums),
    columnSums: read('columnSums', operation.columnSums),
    scalars: read('scalars', operation.scalars),
    results: read('results', operation.results),
  };
  const changed = (name: keyof typeof bound) => write(name, bound[name].tensor);
  const isNarrow = columns <= narrowColumns;
  const perRow = isNarrow ? { flags: ['NARROW'], threads: 64, subgroups: false } : sumParts(sharing, 64);
  const perTensor = sumParts(sharing, 256);
  const grid = () => (isNarrow ? foldThreads(allRows, 64) : fold(allRows));
  const rowParts = {
    source: `${isNarrow ? '' : sums}${rowsSource}`,
    subgroups: perRow.subgroups,
    constants: { THREADS: perRow.threads },
    params: { allRows, rows, columns },
    grid,
  };
  const tensorParts = {
    subgroups: perTensor.subgroups,
    constants: { THREADS: perTensor.threads },
    grid: () => fold(count),
  };
  const { parameters, gradients, rowState, columnState, rowSums, columnSums, scalars, results } = bound;
  const columnDispatch = dispatch({
    source: columnsSource,
    label: 'adafactor columns',
    constants: { ROWS: adafactorChunk },
    bindings: [gradients, changed('columnSums'), results],
    params: { items: count * chunks, chunks, rows, columns },
    grid: () => foldThreads(count * chunks * columns, 64),
  });
  return [
    dispatch({
      ...rowParts,
      label: 'adafactor rows',
      flags: perRow.flags,
      bindings: [gradients, parameters, changed('rowState'), changed('rowSums'), results],
    }),
    ...(vector ? [] : [columnDispatch]),
    dispatch({
      ...tensorParts,
      source: `${sums}${totalsSource}`,
      label: 'adafactor totals',
      flags: [...perTensor.flags, ...(vector ? ['VECTOR'] : [])],
      bindings: [
        rowState,
        rowSums,
        changed('columnState'),
        changed('scalars'),
        results,
        ...(vector ? [] : [columnSums]),
      ],
      params: { count, rows, columns, chunks, scaled: Number(scaled) },
    }),
    dispatch({
      ...rowParts,
      label: 'adafactor squares',
      flags: [...perRow.flags, 'UPDATE'],
      bindings: [gradients, rowState, columnState, scalars, changed('rowSums'), results],
    }),
    dispatch({
      ...tensorParts,
      source: `${sums}${factorsSource}`,
      label: 'adafactor factors',
      flags: perTensor.flags,
      bindings: [rowSums, changed('scalars'), results],
      params: { count, rows, columns },
    }),
    dispatch({
      source: applySource,
      label: 'adafactor apply',
      bindings: [changed('parameters'), gradients, rowState, columnState, scalars, results],
      params: { length: allRows * columns, rows, columns, decayed: Number(decayed) },
      grid: () => foldThreads(allRows * columns, 256),
    }),
  ];
}
