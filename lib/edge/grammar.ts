/** RFC 3986, section 2.3: only unreserved characters, none of which means anything to HAProxy. */
const pathGrammar = /^(\/[A-Za-z0-9._~-]+)*\/?$/;

export const isPath = (text: string): boolean => pathGrammar.test(text) && text !== '' && text.length <= 255;

/** A number alone would be milliseconds to HAProxy, so a time has a unit. */
export function secondsOf(text: string): number {
  const [, count, unit = ''] = /^([1-9][0-9]{0,5})(s|m|h)$/.exec(text) ?? [];
  return Number(count) * ({ s: 1, m: 60, h: 3600 }[unit] ?? Number.NaN);
}

export const isTime = (text: string, mostSeconds: number): boolean => secondsOf(text) <= mostSeconds;
