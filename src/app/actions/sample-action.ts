import { Wine } from 'lucide-react';
import { navigate } from '../routes.ts';
import { studio } from '../state/studio.ts';
import type { Action } from './action.ts';

export const sampleAction: Action = {
  id: 'sample',
  kind: 'action',
  icon: () => Wine,
  label: () => 'Use the sample',
  obstacle: (state) => (state.requests.data.busy ? 'Rows are still being read.' : null),
  perform: () => {
    navigate('data');
    void studio.useSample();
  },
};
