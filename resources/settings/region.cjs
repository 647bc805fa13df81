// The region of a stage: the packager must know it before it reads its parameters.
const { readFile } = require('./file.cjs');
const { table } = require('./table.cjs');

/** The region that the settings name, or the default. settings.cjs reports a wrong one. */
function regionOf(stage, params = []) {
  const { blocks } = readFile();
  const told = params.filter((param) => param.startsWith('region=')).at(-1);
  const region = told?.slice('region='.length) ?? blocks[stage]?.region ?? blocks.default?.region;
  return table.region.kind.schema.safeParse(region).data ?? table.region.default;
}

module.exports = async ({ options, resolveConfigurationProperty }) =>
  regionOf(options.stage ?? (await resolveConfigurationProperty(['provider', 'stage'])), options.param ?? []);
Object.assign(module.exports, { regionOf });
