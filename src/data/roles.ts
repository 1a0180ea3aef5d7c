/** What columns are usually called, by their role; compared without case, white space, `_`, `-` and `.`. */

export const inputNames = [
  'input',
  'question',
  'prompt',
  'query',
  'instruction',
  'text',
  'sentence',
  'source',
  'stem',
  'review',
  'problem',
  'frage',
  'pregunta',
] as const;

export const labelNames = [
  'label',
  'answer',
  'target',
  'output',
  'gold',
  'goldlabel',
  'goldanswer',
  'correct',
  'correctanswer',
  'answerkey',
  'expectedoutput',
  'response',
  'completion',
  'sentiment',
  'category',
  'antwort',
  'réponse',
  'reponse',
  'respuesta',
] as const;

export const rationaleNames = [
  'rationale',
  'explanation',
  'explanation1',
  'reasoning',
  'reasoningcontent',
  'cot',
  'chainofthought',
  'thinking',
  'solution',
  'support',
  'combinedfact',
  'abstractiveexplanation',
  'begründung',
  'erklärung',
  'explication',
  'explicación',
] as const;

export const teacherLabelNames = ['teacherlabel', 'teacheranswer', 'pred', 'prediction'] as const;

export const choicesNames = ['choices', 'options'] as const;
