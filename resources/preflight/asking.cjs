// Looks, side by side: all that they find is told at once, and what may not be looked at holds up nothing.
const { blocked, refused } = require('./refusals.cjs');
const { located } = require('./region.cjs');

/**
 * @param looks pairs of what is looked at, and the look: sentences, none where all is well
 * @returns what was found, and what could not be looked at
 * @throws what stands in the way of all asking, and faults of the program
 */
async function lookAt(looks, region, not = 'not looked at') {
  const found = looks.map(async ([what, look]) => {
    try {
      return { faults: (await look()) ?? [] };
    } catch (error) {
      const why = refused(error);
      if (blocked(error, region) !== undefined || why === undefined) throw error;
      return { unseen: [`${not}: ${what}, because ${why}`] };
    }
  });
  const all = await Promise.all(found);
  const words = (kind) => all.flatMap((each) => each[kind] ?? []).map((each) => located(each, region));
  return { faults: words('faults'), unseen: words('unseen') };
}

module.exports = { lookAt };
