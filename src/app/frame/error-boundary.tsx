import { Component, type ReactNode } from 'react';
import { reportError } from '../../base/errors.ts';
import { Button } from '../ui/button.tsx';
import { Notice } from '../ui/notice.tsx';

interface Props {
  children: ReactNode;
  /** What could not be drawn then. */
  what?: string;
  /** What else may be done with it. */
  actions?: ReactNode;
  /** Stands there in place of the notice, where that has no room. */
  instead?: ReactNode;
}

/** What is shown when a screen cannot be drawn: words, and a way on. A run continues meanwhile, in its worker. */
export class ErrorBoundary extends Component<Props, { error: unknown }> {
  override state: { error: unknown } = { error: null };

  static getDerivedStateFromError(error: unknown): { error: unknown } {
    return { error };
  }

  override render(): ReactNode {
    if (this.state.error === null) return this.props.children;
    if (this.props.instead !== undefined) return this.props.instead;
    return (
      <Notice kind="error" title={`${this.props.what ?? 'This screen'} could not be drawn.`}>
        <p>
          {reportError(this.state.error).message} What is stored is unharmed, and a run under way continues.
          Try again, or open another station.
        </p>
        <p>
          <Button onClick={() => this.setState({ error: null })}>Try again</Button> {this.props.actions}
        </p>
      </Notice>
    );
  }
}
