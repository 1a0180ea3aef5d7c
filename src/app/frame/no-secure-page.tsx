import { Notice } from '../ui/notice.tsx';
import styles from './no-secure-page.module.css';

/** What is shown instead of the studio where the address is plain http: browsers give such a page neither storage nor a GPU. */
export function NoSecurePage() {
  const { port } = location;
  return (
    <main className={styles['page']}>
      <h1>Stillroom</h1>
      <Notice kind="error" title="The studio cannot work at this address.">
        <p>
          Browsers give a page that came by plain http from another machine neither room to store weights nor
          a GPU, nor the locks that keep two tabs apart.
        </p>
        <p>
          Open it on the machine that serves it, at{' '}
          <code translate="no">http://localhost{port === '' ? '' : `:${port}`}/</code>, or have it served by
          https. Nothing is lost: what was stored belongs to the address where it was made.
        </p>
      </Notice>
    </main>
  );
}
