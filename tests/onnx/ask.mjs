/**
 * Asks exported folders by transformers.js, in Node and in a page alike.
 * @param transformers The library.
 * @param members Each with `folder` (below the library's folder of models), `inputs` (ids), `pad`, `end`, `tokens`.
 * @returns The new ids of each input, up to the end token and with it.
 */
export async function ask({ AutoModelForSeq2SeqLM, Tensor }, members) {
  const told = [];
  for (const { folder, inputs, pad, end, tokens } of members) {
    // No dtype is named: config.json says which files to load.
    const model = await AutoModelForSeq2SeqLM.from_pretrained(folder, { device: deviceOf() });
    const answers = [];
    for (let first = 0; first < inputs.length; first += 25) {
      const rows = inputs.slice(first, first + 25);
      const width = Math.max(...rows.map((row) => row.length));
      const tensor = (valueOf) =>
        new Tensor(
          'int64',
          BigInt64Array.from(
            rows.flatMap((row) => Array.from({ length: width }, (_, at) => BigInt(valueOf(row, at)))),
          ),
          [rows.length, width],
        );
      const generated = await model.generate({
        input_ids: tensor((row, at) => row[at] ?? pad),
        attention_mask: tensor((row, at) => (at < row.length ? 1 : 0)),
        max_new_tokens: tokens,
      });
      for (const ids of generated.tolist()) {
        const row = ids.slice(1).map(Number);
        answers.push(row.includes(end) ? row.slice(0, row.indexOf(end) + 1) : row);
      }
    }
    await model.dispose();
    told.push(answers);
  }
  return told;
}

function deviceOf() {
  return typeof document === 'undefined' ? 'cpu' : 'wasm';
}
