import { useEffect, useState } from 'react';
import styles from './drop-anywhere.module.css';
import { takeDrop } from './take-files.ts';

/** The whole window takes files. */
export function DropAnywhere() {
  const [over, setOver] = useState(false);
  useEffect(() => {
    const enter = (event: DragEvent): void => {
      if (!event.dataTransfer?.types.includes('Files')) return;
      event.preventDefault();
      setOver(true);
    };
    const leave = (event: DragEvent): void => {
      if (event.relatedTarget === null) setOver(false);
    };
    const drop = (event: DragEvent): void => {
      setOver(false);
      if (event.dataTransfer === null || event.dataTransfer.items.length === 0) return;
      event.preventDefault();
      void takeDrop(event.dataTransfer);
    };
    addEventListener('dragenter', enter);
    addEventListener('dragover', enter);
    addEventListener('dragleave', leave);
    addEventListener('drop', drop);
    return () => {
      removeEventListener('dragenter', enter);
      removeEventListener('dragover', enter);
      removeEventListener('dragleave', leave);
      removeEventListener('drop', drop);
    };
  }, []);
  if (!over) return null;
  return (
    <div className={styles['veil']}>
      <p className={styles['words']}>Drop rows and rationales, a student’s folder, or a run</p>
    </div>
  );
}
