/** From a dispatch to a WGSL module: declarations of what it binds, constants, and the kernel expanded. */
import { normChunk } from '../plan/operations.ts';
import type { Tensor } from '../plan/plan.ts';
import type { Access, Dispatch } from './dispatch.ts';
import common from './kernels/common.wgsl?raw';
import { runWords } from './run-block.ts';
import { expand, type TemplateValues } from './template.ts';

/** What a binding refers to, in the order of the bindings of group 0. The params come last. */
export interface BoundBuffer<Key> {
  key: Key;
  access: Access;
}

export interface Shader<Key> {
  code: string;
  buffers: readonly BoundBuffer<Key>[];
  /** The struct of params, as bytes. */
  params: Uint8Array<ArrayBuffer>;
  /** The kernel reads or writes the tables, at the binding after the buffers. */
  tables: Access | null;
}

/**
 * Names that refer to one buffer share its binding, which is `read_write` if any of them writes: WebGPU refuses a
 * buffer that is both read and written under two bindings.
 * @param keyOf The buffer that a tensor is in, or what stands for it.
 */
export function assemble<Key>(dispatch: Dispatch, keyOf: (tensor: Tensor) => Key): Shader<Key> {
  const names = new Map<string, string>();
  const buffers: { key: Key; access: Access; name: string; type: string }[] = [];
  const offsets: Record<string, number> = {};
  for (const binding of dispatch.bindings) {
    const key = keyOf(binding.tensor);
    const existing = buffers.find((buffer) => buffer.key === key);
    const vector = dispatch.vectors || binding.vector === true;
    const type = typeOf(binding.tensor.half === true, vector);
    if (existing === undefined) buffers.push({ key, access: binding.access, name: binding.name, type });
    else if (binding.access === 'read_write') existing.access = 'read_write';
    names.set(binding.name, existing?.name ?? binding.name);
    offsets[binding.name] = binding.tensor.offset;
  }
  // Columns may begin within a row: what the dispatch says of a name comes on top of where its tensor begins.
  const params: Record<string, Dispatch['params'][string]> = { ...offsets };
  for (const [name, value] of Object.entries(dispatch.params)) {
    params[name] = typeof value === 'number' && name in offsets ? offsets[name]! + value : value;
  }
  const declarations = buffers.map(({ access, name, type }, index) => {
    return `@group(0) @binding(${index}) var<storage, ${access}> ${name}: ${type};`;
  });
  if (dispatch.tables !== null) {
    declarations.push(
      `@group(0) @binding(${declarations.length}) var<storage, ${dispatch.tables}> tables: array<i32>;`,
    );
  }
  const entries = Object.entries(params);
  if (entries.length > 0) {
    const fields = entries.map(([name, value]) => `  ${name}: ${typeof value === 'number' ? 'u32' : 'f32'},`);
    declarations.push(
      `struct Params {\n${fields.join('\n')}\n}`,
      `@group(0) @binding(${declarations.length}) var<uniform> params: Params;`,
    );
  }
  const constants = { ...runWords, CHUNK: normChunk, ...dispatch.constants };
  const values = { flags: new Set(dispatch.flags), constants };
  const code = [
    ...(dispatch.subgroups ? ['enable subgroups;'] : []),
    ...declarations,
    ...Object.entries(constants).map(([name, value]) => `const ${name} = ${value}u;`),
    expanded(dispatch.source, values, names),
  ].join('\n');
  return {
    code,
    buffers: buffers.map(({ key, access }) => ({ key, access })),
    params: packParams(entries),
    tables: dispatch.tables,
  };
}

/** Kernels that were expanded before: a plan has most of them many times over, and the longest take milliseconds each. */
const expandedBefore = new Map<string, string>();
const mostKept = 64;

/** A kernel and what all of them see. @param names What a tensor's binding is called. */
function expanded(source: string, values: TemplateValues, names: ReadonlyMap<string, string>): string {
  const key = JSON.stringify([source, [...values.flags], values.constants, [...names]]);
  let text = expandedBefore.get(key);
  if (text === undefined) {
    const body = expand(source, values).replace(/\b(\w+)\[/g, (whole, name: string) => {
      const bound = names.get(name);
      return bound === undefined ? whole : `${bound}[`;
    });
    text = `${expand(common, values)}\n${body}`;
    if (expandedBefore.size >= mostKept) expandedBefore.clear();
    expandedBefore.set(key, text);
  }
  return text;
}

/** Halves are read as words, two in each. */
function typeOf(half: boolean, vector: boolean): string {
  if (half) return vector ? 'array<vec2u>' : 'array<u32>';
  return vector ? 'array<vec4f>' : 'array<f32>';
}

function packParams(entries: readonly [string, number | { float: number }][]): Uint8Array<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(Math.max(16, 4 * entries.length)));
  entries.forEach(([, value], index) => {
    if (typeof value === 'number') view.setUint32(4 * index, value >>> 0, true);
    else view.setFloat32(4 * index, value.float, true);
  });
  return new Uint8Array(view.buffer);
}
