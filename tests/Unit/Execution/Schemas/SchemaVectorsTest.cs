using GovChain.Tests.Unit.Specification;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Execution.Schemas;

/// <summary>Goal: other implementations judge the same table, docs/vectors/schemas.json. What stands in it is written by hand.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class SchemaVectorsTest
{
    [Test]
    public void Table_StandsInTheVectors() => VectorFile.Hold("schemas", new
    {
        schemas = SchemaCases.Taken.Select(c => new
        {
            name = c.Name,
            schema = c.Schema,
            payloads = c.Payloads.Select(p => new { payload = p.Payload, verdict = p.Verdict }),
        }),
        refused = SchemaCases.Refused.Select(c => new { name = c.Name, schema = c.Schema, keyword = c.Keyword, pointer = c.Pointer }),
        bytes = SchemaCases.Bytes.Select(b => new { name = b.Name, payload = b.Hex, verdict = b.Verdict }),
    });
}
