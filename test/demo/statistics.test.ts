import { cost, type Gauge } from '../../scripts/demo/perform';
import { rescuesIn } from '../../scripts/demo/statistics';

const csv = `# pxname,svname,qcur,wretr,wredis,status,
sluice,FRONTEND,,,,OPEN,
default.hello-world,aaaa,0,1,2,UP,
default.hello-world,BACKEND,0,3,19,UP,
default.shop,BACKEND,0,5,7,UP,
`;

describe('rescuesIn', () => {
  it("reads what HAProxy counts for the service's backend", () => {
    expect(rescuesIn(csv, 'hello-world')).toStrictEqual({ retries: 3, redispatches: 19 });
  });

  it('is nothing before the service has a backend', () => {
    expect(rescuesIn(csv, 'blog')).toStrictEqual({ retries: 0, redispatches: 0 });
  });
});

describe('cost', () => {
  const before: Gauge = { pid: 1, reloads: 1, retries: 2, redispatches: 20, events: 10, ecsReads: 3, awsCalls: 40 };
  const after: Gauge = { pid: 1, reloads: 1, retries: 3, redispatches: 38, events: 31, ecsReads: 4, awsCalls: 60 };

  it('is what came to it since', () => {
    expect(cost(before, after)).toStrictEqual({
      samePid: true,
      reloads: 0,
      retries: 1,
      redispatches: 18,
      events: 21,
      ecsReads: 1,
      awsCalls: 20,
    });
  });

  it('takes the count of a new process as it is', () => {
    const reloaded = { ...after, pid: 2, reloads: 2, retries: 0, redispatches: 4 };

    expect(cost(before, reloaded)).toMatchObject({ samePid: false, reloads: 1, retries: 0, redispatches: 4 });
  });
});
