console.log('stub', process.argv[2]);
