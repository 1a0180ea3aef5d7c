/** `node ask-node.mjs LIBRARY MODELS TASK.json RESULT.json`: what transformers.js answers in Node. */
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ask } from './ask.mjs';

const [library, models, task, result] = process.argv.slice(2);
const entry = createRequire(join(library, 'package.json')).resolve('@huggingface/transformers');
const transformers = await import(pathToFileURL(entry).href);
const lib = transformers.default ?? transformers;
lib.env.localModelPath = models;
lib.env.allowRemoteModels = false;
writeFileSync(result, JSON.stringify(await ask(lib, JSON.parse(readFileSync(task, 'utf8')))));
