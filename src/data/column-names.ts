/** Whether a column is usually called so: such a name in a file's first row makes it a head. */

const usualNames = new Set(
  [
    'input question prompt query instruction text sentence source stem review premise hypothesis sentence1 sentence2',
    'label answer target output gold goldlabel goldanswer correct correctanswer answerkey expectedoutput response completion',
    'rationale explanation explanation1 reasoning reasoningcontent cot chainofthought thinking solution support combinedfact',
    'abstractiveexplanation teacherlabel teacheranswer pred prediction choices options id qid uid pairid customid idx index',
  ].flatMap((line) => line.split(' ')),
);

/** Compared in lower case, without outer white space, `_`, `-` and `.`. */
export function isUsualName(name: string): boolean {
  return usualNames.has(
    name
      .trim()
      .toLowerCase()
      .replace(/[_.\- ]/g, ''),
  );
}
