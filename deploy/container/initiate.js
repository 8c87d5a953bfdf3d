// Makes three MongoDB servers one replica set, once; run by the one-shot service of compose.replica-set.yaml.
const members = ["mongodb-1:27017", "mongodb-2:27017", "mongodb-3:27017"];

try {
  rs.initiate({ _id: "lockstep", members: members.map((host, _id) => ({ _id, host })) });
  print("the replica set is initiated");
} catch (error) {
  if (error.codeName !== "AlreadyInitialized") throw error;
  print("the replica set was there");
}

// The service that comes next needs a primary.
while (!db.hello().setName || !db.hello().primary) sleep(500);
print(`the primary is ${db.hello().primary}`);
