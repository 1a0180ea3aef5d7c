/**
 * zod, set up for a page with a strict Content-Security-Policy: it would otherwise probe `new Function`, which the
 * policy reports as a violation. Every schema imports `z` from here.
 */
import { z } from 'zod';

z.config({ jitless: true });

export { z };
