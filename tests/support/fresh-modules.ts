/** A unit test begins with modules of its own, though its process has run others before it; see unit-pool.ts. */
import { vi } from 'vitest';

vi.resetModules();
