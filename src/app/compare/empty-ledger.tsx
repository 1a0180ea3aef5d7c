/** What Compare will look like, faint: three numbers on their lines. */
export function EmptyLedger() {
  const numbers = [
    { x: 20, share: 0.06, token: '--base' },
    { x: 220, share: 0.72, token: '--distilled' },
    { x: 420, share: 0.84, token: '--teacher' },
  ];
  return (
    <svg viewBox="0 0 620 150" width="100%" fill="none" focusable="false">
      {numbers.map(({ x, share, token }) => (
        <g key={token} stroke={`var(${token})`}>
          <path d={`M${x} 30h64`} strokeWidth="22" />
          <path d={`M${x} 66h170`} stroke="var(--line)" strokeWidth="2" />
          <path d={`M${x + 170 * share - 8} 66h16`} strokeWidth="4" />
        </g>
      ))}
      {[100, 120, 140].map((y) => (
        <path key={y} d={`M20 ${y}h580`} stroke="var(--line)" />
      ))}
    </svg>
  );
}
