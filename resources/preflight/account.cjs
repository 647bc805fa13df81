// The account's quotas, and whether it is on AWS's free plan. These two calls are signed here: npm has no client for the free tier,
// and one for quotas would be bigger than all the rest.
const { createHash, createHmac } = require('node:crypto');
const { HttpRequest } = require('@smithy/core/protocols');
const { SignatureV4 } = require('@smithy/signature-v4');

const { unanswered } = require('./refusals.cjs');

/** @param config of the packager's clients: credentials, region, and the way to the network */
function account(config) {
  return {
    quota: async (ServiceCode, QuotaCode) => {
      const { region } = config;
      const host = `servicequotas.${region}.${region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com'}`;
      const api = {
        host,
        region,
        service: 'servicequotas',
        version: '1.1',
        target: 'ServiceQuotasV20190624.GetServiceQuota',
      };
      return (await ask(config, api, { ServiceCode, QuotaCode })).Quota.Value;
    },
    /** @returns FREE, PAID, or undefined for an account that is older than the plans */
    plan: async () => {
      // Other partitions have no plans.
      if (/^(cn|us-gov|us-iso\w*|eusc)-/.test(config.region)) return undefined;
      const at = { host: 'freetier.us-east-1.api.aws', region: 'us-east-1', service: 'freetier', version: '1.0' };
      const answer = ask(config, { ...at, target: 'AWSFreeTierService.GetAccountPlanState' }, {});
      return answer.then(
        ({ accountPlanType }) => accountPlanType,
        (error) => {
          if (error.name === 'ResourceNotFoundException') return undefined;
          throw error;
        },
      );
    },
  };
}

async function ask({ credentials, requestHandler }, { host, region, service, version, target }, input) {
  const at = new URL(process.env.AWS_ENDPOINT_URL ?? `https://${host}`);
  const { protocol, hostname, port } = at;
  const type = `application/x-amz-json-${version}`;
  const headers = { host: at.host, 'content-type': type, 'x-amz-target': target };
  const body = JSON.stringify(input);
  const to = { method: 'POST', protocol, hostname, ...(port && { port: Number(port) }), path: '/', headers, body };
  const signer = new SignatureV4({ service, region, credentials, sha256: Sha256 });
  const request = await signer.sign(new HttpRequest(to));
  const { response } = await requestHandler.handle(request).catch((error) => {
    throw unanswered(`${host} cannot be reached (${error.code ?? error.message})`, error);
  });
  let text = '';
  for await (const chunk of response.body) text += chunk;
  const answer = text.startsWith('{') ? JSON.parse(text) : undefined;
  if (response.statusCode < 300 && answer) return answer;
  if (response.statusCode < 300) throw unanswered(`${host} sent an answer that cannot be read`);
  const name = `${response.headers['x-amzn-errortype'] ?? answer?.__type ?? response.statusCode}`.replace(
    /^.*#|:.*$/g,
    '',
  );
  throw Object.assign(new Error(answer?.message ?? answer?.Message ?? text), { name, $fault: 'client' });
}

/** Node's hash, with the interface that the signer expects. */
class Sha256 {
  constructor(secret) {
    this.hash = secret === undefined ? createHash('sha256') : createHmac('sha256', secret);
  }
  update(data) {
    this.hash.update(data);
  }
  async digest() {
    return this.hash.digest();
  }
}

module.exports = { account };
