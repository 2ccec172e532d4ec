using Google.Protobuf;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Protos.V1;
using Rejection = GovChain.Core.Model.Rejection;

namespace GovChain.Tests.Unit.Execution;

/// <summary>
/// Two departments, alpha and beta, each with an administrator "admin"; time goes on by a second a block, if nothing else is said.
/// </summary>
internal sealed class TestLedger
{
    public const ulong StartMs = 1_800_000_000_000;

    private static readonly TestKey[] Keys = [.. Enumerable.Range(100, 12).Select(i => new TestKey(i))];

    public static TestKey AlphaValidator => Keys[0];
    public static TestKey BetaValidator => Keys[1];
    public static TestKey AlphaAdmin => Keys[2];
    public static TestKey BetaAdmin => Keys[3];
    public static TestKey AlphaClerk => Keys[4];
    public static TestKey BetaClerk => Keys[5];
    public static TestKey Spare => Keys[6];
    public static TestKey OtherSpare => Keys[7];

    public TestLedger(Action<GenesisBody>? change = null)
    {
        GenesisBody body = GenesisBody();
        change?.Invoke(body);
        Genesis = Genesis.TryDecode(body.ToByteArray(), out GenesisFailure? failure)
            ?? throw new InvalidOperationException(failure!.Message);
        State = new InMemoryLedger(Genesis);
    }

    public Genesis Genesis { get; }

    public InMemoryLedger State { get; }

    /// <summary>What <see cref="Commit(IEnumerable{VerifiedTransaction})"/> committed.</summary>
    public List<ExecutedBlock> Blocks { get; } = [];

    public LeaderState Leader => Read<LeaderState>(StateKey.Leader)!;

    /// <summary>From the newest block's time to the next one's.</summary>
    public ulong StepMs { get; set; } = 1_000;

    public ulong NextTimeMs => State.Tip.TimestampMs + StepMs;

    /// <summary>A ledger on which alpha has a clerk and owns the type licence, and beta has a clerk: height 1.</summary>
    public static TestLedger Ready(Action<GenesisBody>? change = null)
    {
        var ledger = new TestLedger(change);
        ledger.Commit(
            (AlphaAdmin, Actions.Define()),
            (AlphaAdmin, Actions.Enrol("clerk", AlphaClerk, OfficerRole.Clerk)),
            (BetaAdmin, Actions.Enrol("clerk", BetaClerk, OfficerRole.Clerk)));
        return ledger;
    }

    public static GenesisBody GenesisBody() => new()
    {
        FormatVersion = 1,
        NetworkName = "test",
        CreatedAtMs = StartMs,
        Nonce = ByteString.CopyFrom([.. Enumerable.Range(0, 16).Select(i => (byte)i)]),
        Departments = { Department("alpha", AlphaValidator, AlphaAdmin), Department("beta", BetaValidator, BetaAdmin) },
        Parameters = LedgerParameters.CreateDefault(),
        ProtocolVersion = 1,
    };

    public VerifiedTransaction Make(TestKey signer, TransactionBody action, ulong? expiresAtMs = null) =>
        Verified(Envelope.Unsigned(
            Envelope.Body(Genesis.ChainId, signer.Public, action, expiresAtMs ?? NextTimeMs + 60_000)));

    public VerifiedTransaction Verified(byte[] envelope)
    {
        Transaction transaction = TransactionDecoder.TryDecode(envelope, Genesis.ChainId, out Rejection? rejection)
            ?? throw new InvalidOperationException(rejection!.Message);
        return VerifiedTransaction.VerifyAll([transaction], new TrustingVerifier())[0]!;
    }

    public BuiltBlock Build(params IEnumerable<VerifiedTransaction> transactions) =>
        BlockExecutor.Build(State, ValidatorHistory.Of(Genesis, State).Acting, NextTimeMs, 0, transactions);

    /// <summary>Builds a block of these, all of which must be valid, and applies it.</summary>
    public ExecutedBlock Commit(params (TestKey Signer, TransactionBody Action)[] actions) =>
        Commit(actions.Select(a => Make(a.Signer, a.Action)));

    public ExecutedBlock Commit(IEnumerable<VerifiedTransaction> transactions)
    {
        BuiltBlock built = Build(transactions);
        if (built.LeftOut.Count > 0)
            throw new InvalidOperationException(built.LeftOut[0].Rejection.Message);
        State.Apply(built.Block!);
        Blocks.Add(built.Block!);
        return built.Block!;
    }

    /// <summary>The rejection of a transaction that stands alone in the next block, or null.</summary>
    public Rejection? Try(TestKey signer, TransactionBody action, ulong? expiresAtMs = null) =>
        Try(Make(signer, action, expiresAtMs));

    public Rejection? Try(VerifiedTransaction transaction)
    {
        BuiltBlock built = Build(transaction);
        Rejection? atTheDoor = TransactionRules.Check(
            new StateOverlay(State), transaction.Transaction, State.Tip.Height + 1, NextTimeMs);
        Rejection? inBlock = built.LeftOut.Count > 0 ? built.LeftOut[0].Rejection : null;
        if (atTheDoor?.Code != inBlock?.Code)
            throw new InvalidOperationException($"Door {atTheDoor?.Code}, block {inBlock?.Code}.");
        return inBlock;
    }

    public T? Read<T>(StateKey key) where T : class, IMessage<T>, new() => StateValue.Read<T>(State, key);

    public RecordState? Record(string id) => Read<RecordState>(StateKey.Record(Actions.Type, id));

    private static GenesisDepartment Department(string id, TestKey validator, TestKey admin) => new()
    {
        Id = id,
        Names = { new LocalizedText { Language = "en", Text = id } },
        ValidatorKey = ByteString.CopyFrom(validator.Public.Span),
        Endpoint = $"{id}.example:7001",
        Administrators = { new GenesisOfficer { OfficerId = "admin", PublicKey = ByteString.CopyFrom(admin.Public.Span) } },
    };
}
