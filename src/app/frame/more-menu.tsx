import type { RefObject } from 'react';
import { Menu, MenuItem } from 'react-aria-components/Menu';
import { Popover } from 'react-aria-components/Popover';
import { hashOf, nameOfRoute, routes, stations } from '../routes.ts';
import { openPanel, type Panel } from '../state/panels.ts';
import { classes } from '../ui/classes.ts';
import styles from './more-menu.module.css';

const others = routes.filter((route) => !stations.some((station) => station.route === route));

const panels: readonly { id: Panel; name: string }[] = [
  { id: 'machine', name: 'This machine' },
  { id: 'palette', name: 'Find or do' },
  { id: 'keys', name: 'Keys' },
];

interface Props {
  /** The button that it belongs to. */
  button: RefObject<HTMLButtonElement | null>;
  onClose: () => void;
}

/** What a phone has no tab for: the other screens, and the panels. */
export function MoreMenu({ button, onClose }: Props) {
  return (
    <Popover
      className={classes(styles['popover'])}
      triggerRef={button}
      placement="top end"
      isOpen
      onOpenChange={(open) => {
        if (!open) onClose();
      }}
    >
      {/* eslint-disable-next-line jsx-a11y/no-autofocus -- a menu that was opened takes the focus, and gives it back */}
      <Menu className={classes(styles['menu'])} aria-label="More" autoFocus="first" onClose={onClose}>
        {others.map((route) => (
          <MenuItem key={route} id={route} className={classes(styles['item'])} href={hashOf(route)}>
            {nameOfRoute(route)}
          </MenuItem>
        ))}
        {panels.map(({ id, name }) => (
          <MenuItem
            key={id}
            id={id}
            className={classes(styles['item'])}
            // The menu gives its focus back first, so that the panel can return it there.
            onAction={() => requestAnimationFrame(() => openPanel(id))}
          >
            {name}
          </MenuItem>
        ))}
      </Menu>
    </Popover>
  );
}
