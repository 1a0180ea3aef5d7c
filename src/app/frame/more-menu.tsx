import type { RefObject } from 'react';
import { Menu, MenuItem } from 'react-aria-components/Menu';
import { Popover } from 'react-aria-components/Popover';
import { perform } from '../actions/action.ts';
import { findOrDo, showKeys, thisMachine } from '../actions/anywhere.ts';
import { hashOf, nameOfRoute, routes, stations } from '../routes.ts';
import { classes } from '../ui/classes.ts';
import styles from './more-menu.module.css';

const others = routes.filter((route) => !stations.some((station) => station.route === route));

const panels = [thisMachine, findOrDo, showKeys] as const;

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
      aria-label="More"
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
        {panels.map((action) => (
          <MenuItem
            key={action.id}
            id={action.id}
            className={classes(styles['item'])}
            // The menu gives its focus back first, so that the panel can return it there.
            onAction={() => requestAnimationFrame(() => perform(action))}
          >
            {action.label()}
          </MenuItem>
        ))}
      </Menu>
    </Popover>
  );
}
