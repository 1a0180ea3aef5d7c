/** The plan of an optimiser step: a pass per micro-batch, then norm, clip and the optimiser. And the plan of an evaluation. */
import { BackwardBuilder } from './backward.ts';
import { PlanBuilder, type Bucket } from './builder.ts';
import { adafactorChunk, normChunk } from './operations.ts';
import type { Plan, SlabName, Tensor } from './plan.ts';
import { firstNames, type SlabLayout } from './slab-layout.ts';
import { logitScale } from '../../student/parameters.ts';
import { addCrossKeys, addLogits, addStack } from './stack.ts';

/**
 * Programs `pass` and `update`. With `dropout` false the plan has no dropout whatever the run's rate.
 * @param dropsAdapters Whether the inputs of adapters are dropped, at the adapters' own rate.
 */
export function planStep(
  layout: SlabLayout,
  bucket: Bucket,
  dropout: boolean,
  dropsAdapters = (layout.lora?.dropout ?? 0) > 0,
): Plan {
  const builder = new PlanBuilder(layout, bucket, dropsAdapters ? 'dropped' : 'used');
  const { config, tables, capacities } = builder;
  const results = builder.tensor([8], true);
  const rowWeights = builder.tensor([capacities.decoderRows], true);

  builder.program('pass');
  const encoder = addStack(builder, 'encoder', { keys: null, dropout });
  const keys = addCrossKeys(builder, encoder.output);
  const decoder = addStack(builder, 'decoder', { keys, dropout });
  const logits = addLogits(builder, 'decoderRows', decoder.output);
  builder.add({
    kind: 'crossEntropy',
    rows: 'decoderRows',
    logits,
    labels: tables.labels,
    rowWeights,
    results,
    losses: builder.tensor([capacities.decoderRows]),
    accumulate: 'laterPasses',
    gradient: true,
  });

  const backward = new BackwardBuilder(builder, dropout);
  const dDecoder = backward.addLinear(
    'decoderRows',
    firstNames.logits(config),
    { dy: logits, input: decoder.output },
    { scale: logitScale(config) },
  );
  const dKeys = keys.map(({ shape }) => builder.rows('encoderRows', shape[1]!));
  const dDecoderInput = backward.addStack('decoder', decoder.saved, dDecoder, { keys, dKeys });
  const crossName = (group: number) => firstNames.crossKeys(group * layout.crossGroupLayers);
  const trainsEmbeddings = layout.isTrained('shared.weight');
  // Adapters are in both stacks.
  if (trainsEmbeddings || layout.isTrained(firstNames.norms) || layout.lora !== null) {
    const dEncoder = builder.rows('encoderRows', config.d_model);
    dKeys.forEach((dy, group) => {
      backward.addLinear(
        'encoderRows',
        crossName(group),
        { dy, input: encoder.output, dx: dEncoder },
        { accumulate: group === 0 ? 'never' : 'always' },
      );
    });
    const dEncoderInput = backward.addStack('encoder', encoder.saved, dEncoder, null);
    if (trainsEmbeddings) addEmbeddingGradient(builder, dEncoderInput, dDecoderInput);
  } else {
    // Nothing before the keys is trained.
    dKeys.forEach((dy, group) => {
      backward.addWeightGradient('encoderRows', crossName(group), { dy, input: encoder.output });
    });
  }
  backward.addNormGradients();

  builder.program('update');
  addUpdate(builder, results);
  return builder.finish({ rowWeights, results });
}

function addEmbeddingGradient(builder: PlanBuilder, encoder: Tensor, decoder: Tensor): void {
  const { layout, config, tables } = builder;
  const output = layout.tensor('gradients', 'shared.weight');
  // A tied student's logits have written this gradient already; an untied one's holds the step before this.
  if (!config.tie_word_embeddings) builder.add({ kind: 'zero', target: output, accumulate: 'laterPasses' });
  builder.add({
    kind: 'embedBackward',
    encoder,
    decoder,
    output,
    ids: tables.embeddingIds,
    starts: tables.embeddingStarts,
    rows: tables.embeddingRows,
  });
}

/**
 * Program `evaluate`: loss sums, no dropout, nothing changed.
 * @param adapts False leaves the layout's adapters out: the base is evaluated.
 */
export function planEvaluation(layout: SlabLayout, bucket: Bucket, adapts = true): Plan {
  const builder = new PlanBuilder(layout, bucket, adapts ? 'used' : 'left out');
  const results = builder.tensor([8], true);
  builder.program('evaluate');
  const encoder = addStack(builder, 'encoder', { keys: null, dropout: false, persistentOutput: true });
  const keys = addCrossKeys(builder, encoder.output);
  const decoder = addStack(builder, 'decoder', { keys, dropout: false });
  const logits = addLogits(builder, 'decoderRows', decoder.output, true);
  builder.add({
    kind: 'crossEntropy',
    rows: 'decoderRows',
    logits,
    labels: builder.tables.labels,
    results,
    rowWeights: null,
    losses: builder.tensor([builder.capacities.decoderRows]),
    accumulate: 'laterPasses',
    gradient: false,
  });
  return builder.finish({
    results,
    encoderOutput: encoder.output,
    logits,
  });
}

/** A whole part of a slab, as one row of floats. */
function partTensor(layout: SlabLayout, slab: SlabName, part: number): Tensor {
  return { place: { kind: 'slab', slab, part }, offset: 0, shape: [layout.partLengths[part]!] };
}

/** Frozen weights are in parts that these operations never name. */
function addUpdate(builder: PlanBuilder, results: Tensor): void {
  const { layout } = builder;
  const chunks = layout.partLengthsOf('gradients').map((length) => Math.ceil(length / normChunk));
  const partials = builder.tensor([chunks.reduce((sum, count) => sum + count, 0)]);
  let first = 0;
  chunks.forEach((count, part) => {
    builder.add({ kind: 'squaredNorm', gradients: partTensor(layout, 'gradients', part), partials, first });
    first += count;
  });
  builder.add({ kind: 'clip', partials, results });
  if (layout.optimizer === 'adamw') {
    for (const range of layout.ranges) builder.add({ kind: 'adamw', ...range, results });
    return;
  }
  for (const [firstName, { block, count, rows, columns, vector, ...states }] of layout.factors) {
    builder.add({
      kind: 'adafactor',
      count,
      rows,
      columns,
      vector,
      decayed: block.decayed,
      ...states,
      scaled: layout.optimizer === 'adafactor-relative',
      parameters: layout.tensor('parameters', firstName),
      gradients: layout.tensor('gradients', firstName),
      rowSums: builder.tensor([count * rows]),
      columnSums: builder.tensor([count, Math.ceil(rows / adafactorChunk), columns]),
      scalars: builder.tensor([count, 4]),
      results,
    });
  }
}
