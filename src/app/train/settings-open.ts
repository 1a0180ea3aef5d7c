/** Whether all settings of the recipe are unfolded: also whoever fills them from elsewhere shows them. */
import { create } from 'zustand';

export const useSettingsOpen = create<{ open: boolean }>(() => ({ open: false }));

export function openSettings(open = true): void {
  useSettingsOpen.setState({ open });
}
