import { Drawer } from 'antd';
import { type ReactNode, useEffect } from 'react';

interface SideDrawerProps {
  readonly isOpen: boolean;
  readonly title: string;
  /** Pixels. */
  readonly width: number;
  readonly onClose: () => void;
  readonly children: ReactNode;
}

/**
 * A drawer that Escape closes whatever else was open: the library gives the key to what it holds for topmost, and a tooltip whose place was redrawn
 * just when it opened stays that for ever.
 */
export function SideDrawer({ isOpen, title, width, onClose, children }: SideDrawerProps) {
  useEffect(() => {
    if (!isOpen) return undefined;
    const onKey = ({ key, isComposing }: KeyboardEvent): void => {
      if (key === 'Escape' && !isComposing) onClose();
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, [isOpen, onClose]);
  return (
    <Drawer open={isOpen} onClose={onClose} title={title} size={width} keyboard={false} destroyOnHidden>
      {children}
    </Drawer>
  );
}
