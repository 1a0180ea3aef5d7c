/** What is taken away, faint: a folder with a few files. */
export function EmptyPackage() {
  return (
    <svg
      viewBox="0 0 620 150"
      width="100%"
      fill="none"
      stroke="var(--ink-quiet)"
      strokeWidth="2"
      focusable="false"
    >
      <path d="M230 24h56l14 16h90v92H230z" strokeLinejoin="round" />
      {[62, 82, 102].map((y) => (
        <path key={y} d={`M252 ${y}h${y === 82 ? 116 : 84}`} stroke="var(--copper)" />
      ))}
    </svg>
  );
}
