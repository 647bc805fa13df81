/** RFC 3986, section 2.3: only unreserved characters, none of which means anything to HAProxy. */
const pathGrammar = /^(\/[A-Za-z0-9._~-]+)*\/?$/;

export const isPath = (text: string): boolean => pathGrammar.test(text) && text !== '' && text.length <= 255;
