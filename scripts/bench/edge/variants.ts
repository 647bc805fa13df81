import type { File } from '../../../lib/haproxy/render';
import { conditionHolds } from '../../real/haproxy';

/** A line that acts on requests, and the files with that line repeated, or without it. */
export type Variant = {
  readonly section: string;
  readonly text: string;
  /** How often the line is there more than before: twenty times, or -1. */
  readonly more: number;
  readonly files: readonly File[];
};

const repeats = 20;

/** Rules can be repeated without another answer, which makes a small cost large beside the noise. */
const repeatable = /^http-(request|response|after-response) /;
/** The first of them that acts ends the rules, or each adds to what the one before left. */
const unrepeatable =
  /^http-\S+ (add-header|set-uri|set-path|replace-\S+|((return|deny|reject|redirect|allow|use-service)(?!.* (if|unless) )))/;
/** What is there or not, once. Without an option of the log, HAProxy would write more of it. */
const removable = /^(option (?!httplog|dontlog)|retry-on |filter |compression |http-reuse )/;

/** Of the sections that every request of a service passes. Without `use_backend` and servers there would be no answer. */
export function variantsOf(files: readonly File[]): readonly Variant[] {
  return files.flatMap((file) => {
    const lines = file.text.split('\n');
    let section = '';
    let isRead = true;
    return lines.flatMap((line, index): readonly Variant[] => {
      if (/^\w/.test(line)) section = line;
      const text = line.trim();
      const condition = /^\.if (.*)/.exec(text)?.[1];
      if (condition !== undefined) isRead = conditionHolds(condition);
      if (text === '.else') isRead = !isRead;
      if (text === '.endif') isRead = true;
      if (!isRead) return [];
      const more = repeatable.test(text) && !unrepeatable.test(text) ? repeats : removable.test(text) ? -1 : 0;
      if (more === 0 || !passed.test(section)) return [];
      const changed = [...lines.slice(0, index), ...Array<string>(1 + more).fill(line), ...lines.slice(index + 1)];
      const others = files.map((each) => (each === file ? { ...file, text: changed.join('\n') } : each));
      return [{ section, text, more, files: others }];
    });
  });
}

const passed = /^(defaults|frontend sluice$|backend (?!sluice-unknown))/;
