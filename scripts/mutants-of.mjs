/** The mutants of a file: one operator, bound or boolean changed in each. */

const swapped = {
  '<': '<=',
  '<=': '<',
  '>': '>=',
  '>=': '>',
  '===': '!==',
  '!==': '===',
  '+': '-',
  '-': '+',
  '*': '/',
  '/': '*',
  '%': '*',
  '&&': '||',
  '||': '&&',
  '+=': '-=',
  '-=': '+=',
};

/**
 * @param ts The TypeScript compiler. @param text A file's text. @param file Its name.
 * @returns Places `from` to `to` in the text, what was there and what is there now.
 */
export function mutantsOf(ts, text, file) {
  const source = ts.createSourceFile(
    file,
    text,
    ts.ScriptTarget.Latest,
    true,
    file.endsWith('x') ? ts.ScriptKind.TSX : ts.ScriptKind.TS,
  );
  const found = [];
  const add = (node, now) => {
    const from = node.getStart(source);
    const to = node.getEnd();
    const { line } = source.getLineAndCharacterOfPosition(from);
    found.push({ from, to, line: line + 1, was: text.slice(from, to), now });
  };
  const visit = (node) => {
    // Types and imports are no code.
    if (
      ts.isTypeNode(node) ||
      ts.isInterfaceDeclaration(node) ||
      ts.isTypeAliasDeclaration(node) ||
      ts.isImportDeclaration(node)
    )
      return;
    if (ts.isBinaryExpression(node)) {
      const operator = node.operatorToken;
      const now = swapped[operator.getText(source)];
      // Text is joined by +, and has no -.
      const isText = ts.isStringLiteralLike(node.left) || ts.isStringLiteralLike(node.right);
      if (now !== undefined && !isText) add(operator, now);
    } else if (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.ExclamationToken) {
      add(node, `(${node.operand.getText(source)})`);
    } else if (node.kind === ts.SyntaxKind.TrueKeyword) add(node, 'false');
    else if (node.kind === ts.SyntaxKind.FalseKeyword) add(node, 'true');
    else if (ts.isNumericLiteral(node)) add(node, `(${node.getText(source)} + 1)`);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** So many of a list, at random, the same for the same seed. */
export function pick(list, count, seed) {
  const rest = [...list];
  const picked = [];
  let state = seed >>> 0;
  while (picked.length < count && rest.length > 0) {
    // A linear congruential generator (Numerical Recipes): the same seed picks the same changes.
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    picked.push(...rest.splice(Math.floor((state / 2 ** 32) * rest.length), 1));
  }
  return picked;
}
