// Writes the bundled sample: public/sample/{train,validation,test}.jsonl and its README. Seeded: the same bytes each time.
//   node scripts/make-sample.mjs [--out DIR]
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { clues, names, openers, places, questions } from './sample-world.mjs';

const seed = 20261;
const sizes = { train: 400, validation: 500, test: 500 };
/** The share of rows that the scripted teacher gets wrong. */
const wrongShare = 0.12;

/** Uniform integers below a bound, from a 32-bit mixing of a counter (multiply, shift, xor). */
function makeRandom(start) {
  let counter = start >>> 0;
  return (bound) => {
    counter = (counter + 0x9e3779b9) >>> 0;
    let mixed = Math.imul(counter ^ (counter >>> 15), 0x2c1b3c6d);
    mixed = Math.imul(mixed ^ (mixed >>> 12), 0x297a2d39);
    return Math.floor((((mixed ^ (mixed >>> 15)) >>> 0) / 0x1_0000_0000) * bound);
  };
}

const random = makeRandom(seed);

function shuffled(items) {
  const order = [...items];
  for (let last = order.length - 1; last > 0; last -= 1) {
    const other = random(last + 1);
    [order[last], order[other]] = [order[other], order[last]];
  }
  return order;
}

/** Deals items in random order, each as often as the others; `skip` leaves one for later. */
function makeDeck(items) {
  let deck = [];
  return (skip = () => false) => {
    let index = deck.findIndex((item) => !skip(item));
    if (index === -1) {
      deck = [...deck, ...shuffled(items)];
      index = deck.findIndex((item) => !skip(item));
    }
    return deck.splice(index, 1)[0];
  };
}

const dealPlace = makeDeck(places);
const dealThing = Object.fromEntries(places.map((place) => [place, makeDeck(clues[place])]));
const dealName = makeDeck(names);
const dealOpener = makeDeck(openers);
const dealQuestion = makeDeck(questions);

const listed = (items) => `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`;

function makeRow(teacherIsWrong) {
  const label = dealPlace();
  const [first, second] = shuffled(places.filter((place) => place !== label));
  const own = [];
  while (own.length < 3) own.push(dealThing[label]((thing) => own.includes(thing)));
  const things = shuffled([
    ...own.map((thing) => ({ thing, place: label })),
    { thing: dealThing[first](), place: first },
    { thing: dealThing[second](), place: second },
  ]);

  const name = dealName();
  const fill = (template) =>
    template.replace('THINGS', listed(things.map(({ thing }) => thing))).replace('NAME', name);
  const input = `${fill(dealOpener())} ${fill(dealQuestion())}`;

  // A teacher in error takes two of the answer's things for a distractor's, so that its reasons fit its answer.
  const teacherLabel = teacherIsWrong ? [first, second][random(2)] : label;
  const moved = teacherIsWrong ? shuffled(own).slice(0, 2) : [];
  const reasons = things.map(
    ({ thing, place }) => `${moved.includes(thing) ? teacherLabel : place} has ${thing}`,
  );
  return { input, label, rationale: `${reasons.join(', ')}, so ${teacherLabel}.`, teacherLabel };
}

/** Two rows are the same task if they name the same things, in whatever words and order. */
const taskOf = (row) =>
  row.rationale
    .match(/has \w+/g)
    .sort()
    .join();

const tasks = new Set();
function makeSplit(size) {
  const wrongRows = new Set(
    shuffled(Array.from({ length: size }, (_, row) => row)).slice(0, size * wrongShare),
  );
  const rows = [];
  while (rows.length < size) {
    const row = makeRow(wrongRows.has(rows.length));
    if (tasks.has(taskOf(row))) continue;
    tasks.add(taskOf(row));
    rows.push(row);
  }
  return rows;
}

const flag = process.argv.indexOf('--out');
const folder =
  flag === -1 ? fileURLToPath(new URL('../public/sample', import.meta.url)) : process.argv[flag + 1];
mkdirSync(folder, { recursive: true });

const splits = Object.fromEntries(Object.entries(sizes).map(([split, size]) => [split, makeSplit(size)]));
for (const [split, rows] of Object.entries(splits)) {
  writeFileSync(`${folder}/${split}.jsonl`, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
}

const accuracy = (rows) => {
  const correct = rows.filter(({ label, teacherLabel }) => label === teacherLabel).length;
  return `${correct} of ${rows.length} (${((100 * correct) / rows.length).toFixed(2)} %)`;
};
const { input, label, rationale } = splits.train.find((row) => row.label === row.teacherLabel);
const wrong = splits.train.find((row) => row.label !== row.teacherLabel);

writeFileSync(
  `${folder}/README.md`,
  `# The sample: where was the trip?

Made by \`scripts/make-sample.mjs\` from the words in \`scripts/sample-world.mjs\`; running it again gives the same
bytes. Rows are put together by a grammar; the names mean nobody.

Each row names five things: three belong to one place, one each to two other places. The task is to name the place that
most of them belong to. There are ${places.length} places and ${Object.values(clues).flat().length} things.

- input: ${input}
- label: ${label}
- rationale: ${rationale}

| File | Rows | Teacher right |
| --- | --- | --- |
${Object.entries(splits)
  .map(([split, rows]) => `| \`${split}.jsonl\` | ${rows.length} | ${accuracy(rows)} |`)
  .join('\n')}

Columns: \`input\`, \`label\` (the true answer), \`rationale\` and \`teacherLabel\` (the teacher's).

**The teacher is scripted**, not a model. It knows which thing belongs where, and is made to be wrong on ${wrongShare * 100} % of
the rows: there it takes two of the answer's things for those of another place, so that its rationale agrees with its
wrong label.

- input: ${wrong.input}
- label: ${wrong.label}
- the teacher's rationale: ${wrong.rationale}

**Why no capitals.** nano was pre-trained on these words as they stand. With capitals at names and at the beginning of
sentences it spells those words letter by letter: an input of the training rows has 28.4 pieces in place of 20.8, a
rationale 29.1 in place of 24.0. With 200 rows and the teacher's labels (the study's first seed) step by step then has
84.8 % in place of 88.4 %, standard fine-tuning 64.4 % in place of 68.4 %. What is compared holds, both are worse, and
every figure of the study would be another: so the sample stays as it is.

**The task was made for the method.** A rationale says of each thing where it belongs, which other rows need too; a
label only hints at it. Things, names and wordings of the test rows all occur in training, their combinations do not.
That distilling step by step helps here shows how it can help, not that it always does.
`,
);
