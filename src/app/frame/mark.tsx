import styles from './mark.module.css';

/** A small still: a flask, its arm, and the drop that comes over. */
export function StillDrawing({ size = 26 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 24 24" fill="none" aria-hidden="true" focusable="false">
      <g stroke="var(--copper)" strokeWidth="1.6" strokeLinecap="round" strokeLinejoin="round">
        <path d="M6.6 3.4h5.2M7.9 3.6v5.1L3.4 16.2a3 3 0 0 0 2.6 4.5h6.5a3 3 0 0 0 2.6-4.5l-4.6-7.5V3.6" />
        <path d="M10.6 5.6h5.2a4 4 0 0 1 4 4v3.6" />
        <path d="M4.6 16h9.3" />
      </g>
      <path d="M19.8 16.2c1 1.3 1.5 2.1 1.5 2.9a1.5 1.5 0 0 1-3 0c0-.8.5-1.6 1.5-2.9z" fill="var(--glass)" />
    </svg>
  );
}

/** The studio's name with its drawing. */
export function Mark() {
  return (
    <p className={styles['mark']}>
      <StillDrawing />
      stillroom
    </p>
  );
}
