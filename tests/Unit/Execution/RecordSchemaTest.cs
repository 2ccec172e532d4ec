using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Protos.V1;
using NUnit.Framework;
using static GovChain.Tests.Unit.Execution.TestLedger;
using Rejection = GovChain.Core.Model.Rejection;

namespace GovChain.Tests.Unit.Execution;

/// <summary>
/// Goal: a type's schema judges every payload of its records, from the block after its definition on, at the door, in the leader's
/// block and in everybody's check; and no type has a schema that the ledger cannot judge by.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class RecordSchemaTest
{
    private const string Schema = """{"type":"object","required":["name"],"properties":{"name":{"type":"string"}},"additionalProperties":false}""";

    private readonly TestLedger _ledger = Ready();

    [Test]
    public void Register_AndAmend_OfATypeWithASchema_MustFitIt()
    {
        _ledger.Commit((AlphaAdmin, Define(Schema)));
        Expect(Actions.Register("a"), ("type", "licence"), ("typeVersion", "2"), ("keyword", "required"), ("pointer", ""), ("problem", "the member \"name\" is missing"));
        Expect(Actions.Register("a", content: """{"name":7}"""), ("keyword", "type"), ("pointer", "/name"));
        Expect(Actions.Register("a", content: """{"name":"x","name":"y"}"""), ("keyword", "json"), ("pointer", ""));
        Expect(Actions.Register("a", content: ""), ("keyword", "json"));
        _ledger.Commit((AlphaClerk, Actions.Register("a", content: """{"name":"x"}""")));
        Expect(Actions.Amend("a", 1), ("keyword", "required"));
        _ledger.Commit((AlphaClerk, Actions.Amend("a", 1, """{"name":"y"}""")));
        _ledger.Commit((AlphaClerk, Actions.Annul("a", 2)));
        Expect(Actions.Register("a", 3, "[]"), ("keyword", "type"));
        Assert.That(_ledger.Record("a")!.Version, Is.EqualTo(3));
    }

    [Test]
    public void Register_WithAnotherMediaType_DoesNotFitAnySchema()
    {
        TransactionBody text = Actions.Register("a", content: """{"name":"x"}""");
        text.Register.Payload.Inline.MediaType = "text/plain";
        Assert.That(_ledger.Try(AlphaClerk, text), Is.Null, "without a schema any will do");
        _ledger.Commit((AlphaAdmin, Define("{}")));
        Expect(text, ("keyword", "mediaType"), ("pointer", ""), ("problem", "must be application/json, and is text/plain"));
    }

    [Test]
    public void Schema_ActsFromTheNextBlock_AndSoDoesItsEnd()
    {
        BuiltBlock built = _ledger.Build(_ledger.Make(AlphaAdmin, Define(Schema)), _ledger.Make(AlphaClerk, Actions.Register("before")));
        Assert.That(built.LeftOut, Is.Empty);
        _ledger.State.Apply(built.Block!);
        built = _ledger.Build(_ledger.Make(AlphaAdmin, Actions.Define(expected: 2)), _ledger.Make(AlphaClerk, Actions.Register("after")));
        Assert.That(built.LeftOut.Single().Rejection.Code, Is.EqualTo(RejectionCode.InvalidPayload));
        _ledger.State.Apply(built.Block!);
        Assert.That(_ledger.Read<RecordTypeState>(StateKey.RecordType(Actions.Type))!.Schema, Is.Empty);
        Assert.That(_ledger.Try(AlphaClerk, Actions.Register("after")), Is.Null);
    }

    [Test]
    public void Block_WithAPayloadThatDoesNotFit_FailsEverybodysCheck()
    {
        _ledger.Commit((AlphaAdmin, Define(Schema)));
        VerifiedTransaction good = _ledger.Make(AlphaClerk, Actions.Register("a", content: """{"name":"x"}"""));
        VerifiedTransaction bad = _ledger.Make(AlphaClerk, Actions.Register("b"));
        ExecutedBlock block = _ledger.Build(good, _ledger.Make(AlphaClerk, Actions.Register("b", content: """{"name":"x"}"""))).Block!;
        ValidatorSet set = ValidatorHistory.Of(_ledger.Genesis, _ledger.State).Acting;
        Assert.That(BlockExecutor.Check(_ledger.State, set, block.Header, [good, bad], out BlockFailure? failure), Is.Null);
        Assert.That((failure!.Kind, failure.Rejection!.Code), Is.EqualTo((BlockFailureKind.InvalidTransaction, RejectionCode.InvalidPayload)));
    }

    [Test]
    public void OtherReasons_ComeFirst()
    {
        _ledger.Commit((AlphaAdmin, Define(Schema)));
        Assert.That(_ledger.Try(BetaClerk, Actions.Register("a"))!.Code, Is.EqualTo(RejectionCode.NotPermitted));
        Assert.That(_ledger.Try(AlphaClerk, Actions.Register("a", 1))!.Code, Is.EqualTo(RejectionCode.VersionAhead));
        Assert.That(_ledger.Try(AlphaClerk, Define("[]", 2))!.Code, Is.EqualTo(RejectionCode.NotPermitted));
        Assert.That(_ledger.Try(AlphaAdmin, Define("[]", 1))!.Code, Is.EqualTo(RejectionCode.VersionConflict));
    }

    [Test]
    public void DefineType_WithWhatIsNoSchema_NamesKeywordAndPlace()
    {
        Rejection rejection = _ledger.Try(AlphaAdmin, Define("""{"properties":{"a":{"pattern":"^x"}}}"""))!;
        Assert.That((rejection.Code, rejection.IsPermanent), Is.EqualTo((RejectionCode.InvalidSchema, true)));
        Assert.That(rejection.Facts, Is.EqualTo(new[]
        {
            ("keyword", "pattern"), ("pointer", "/properties/a/pattern"), ("problem", "the ledger does not know this keyword"),
        }));
        Assert.That(rejection.Message, Does.Contain("at /properties/a/pattern").And.Contain("(pattern)"));
    }

    [Test]
    public void DefineType_KeepsTheSchemaByteForByte()
    {
        string schema = " { \"title\" : \"\u6f22\" }\n";
        _ledger.Commit((AlphaAdmin, Define(schema)));
        Assert.That(_ledger.Read<RecordTypeState>(StateKey.RecordType(Actions.Type))!.Schema, Is.EqualTo(schema));
    }

    [Test]
    public void DefineType_TheLongestSchema_FitsEnvelopeAndState()
    {
        string longest = "{}" + new string(' ', Limits.SchemaBytesMax - 2);
        _ledger.Commit((AlphaAdmin, Define(longest)));
        ReadOnlyMemory<byte> value = _ledger.State.GetState(StateKey.RecordType(Actions.Type))!.Value;
        Assert.That(value.Length, Is.InRange(Limits.SchemaBytesMax, Limits.SchemaBytesMax + 200));
    }

    private void Expect(TransactionBody action, params (string Name, string Value)[] facts)
    {
        Rejection rejection = _ledger.Try(AlphaClerk, action)!;
        Assert.That((rejection.Code, rejection.IsPermanent), Is.EqualTo((RejectionCode.InvalidPayload, false)), "a later version of the type may take it");
        Assert.That(rejection.Facts, Is.SupersetOf(facts));
        Assert.That(rejection.Message, Does.StartWith("The content of record licence/a does not fit version "));
    }

    private static TransactionBody Define(string schema, ulong expected = 1)
    {
        TransactionBody action = Actions.Define(expected: expected);
        action.DefineType.Schema = schema;
        return action;
    }
}
