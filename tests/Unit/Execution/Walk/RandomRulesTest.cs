using System.Diagnostics;
using System.Security.Cryptography;
using Google.Protobuf;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Protos.V1;
using GovChain.Tests.Unit.Verification;
using NUnit.Framework;
using Rejection = GovChain.Core.Model.Rejection;

namespace GovChain.Tests.Unit.Execution.Walk;

/// <summary>
/// Goal: no sequence of transactions leads to a state that breaks an invariant of the ledger. Method: random transactions by random
/// signers in blocks of one to three, on ledgers that begin anew every thousand steps; a step is one transaction. After each, what was
/// accepted is held against a shadow that has the invariants and none of the rules' order, codes or code. <c>./soak rules</c> takes a
/// million steps.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class RandomRulesTest
{
    /// <summary>From <see cref="StepsForAll"/> on even what is met four times in ten thousand steps is met for certain.</summary>
    private const int StepsByDefault = 10_000, StepsForAll = 50_000, StepsOfALife = 1_000;

    private static readonly string[] Often =
    [
        "SIGNER_REVOKED", "SIGNER_EXPIRED", "SIGNER_NOT_YET_VALID", "UNKNOWN_SIGNER", "NOT_PERMITTED", "DUPLICATE", "EXPIRED", "EXPIRY_TOO_FAR", "VERSION_CONFLICT",
        "VERSION_AHEAD", "LAST_ADMINISTRATOR", "KEY_IN_USE", "OWN_SUBMISSION", "APPROVAL_REQUIRED", "APPROVAL_PENDING", "SUBMISSION_EXPIRED", "UNKNOWN_DELEGATION",
        "ALREADY_CUSTODIAN", "OTHER_EPOCH", "ALREADY_VOTED", "INVALID_PROOF", "READ_ROOT_TOO_SOON", "INVALID_SIGNATURE",
        "NOT_ACTIVE", "PROOF_OUT_OF_RANGE", "ALREADY_PROVEN", "DEPARTMENT_SUSPENDED",
    ];

    private static readonly string[] Seldom =
    [
        "READ_ROOT_NOT_NEXT", "ALREADY_SUSPENDED", "NOT_SUSPENDED", "QUORUM_SUSPENDED", "NOT_NEXT_VERSION", "NOT_SCHEDULED", "UNKNOWN_DEPARTMENT", "DEPARTMENT_EXISTS",
        "PROPOSAL_EXPIRED", "PROPOSAL_DECIDED", "PROPOSAL_OPEN", "UNKNOWN_RECEIVER", "RECORD_SUPERSEDED", "RECEIVER_CANNOT_READ", "TOO_MANY_SUSPENDED",
    ];

    private readonly SortedDictionary<string, int> _accepted = new(StringComparer.Ordinal), _refused = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, int> _adopted = new(StringComparer.Ordinal), _bySuspended = new(StringComparer.Ordinal);
    private int _steps, _blocks;

    [Test]
    public void EveryStep_LeavesTheInvariants()
    {
        int steps = EnvironmentNumber.Read("STEPS", least: 1) ?? StepsByDefault, seed = EnvironmentNumber.Read("SEED") ?? RandomNumberGenerator.GetInt32(int.MaxValue);
        TestContext.Out.WriteLine($"./soak rules --steps {steps} --seed {seed}");
        long started = Stopwatch.GetTimestamp();
        for (int life = 0; _steps < steps; life++)
        {
            try
            {
                Live(life, new Random(unchecked((seed * 1_000_003) + life)), Math.Min(steps, _steps + StepsOfALife));
            }
            catch (AssertionException e)
            {
                throw new AssertionException($"Life {life}, step {_steps}: {e.Message} Run ./soak rules --steps {_steps} --seed {seed} again.", e);
            }
        }
        TestContext.Out.WriteLine($"{_steps} steps in {_blocks} blocks, {Stopwatch.GetElapsedTime(started).TotalSeconds:F0} s");
        TestContext.Out.WriteLine($"accepted {_accepted.Values.Sum()}: {Table(_accepted)}");
        TestContext.Out.WriteLine($"refused {_refused.Values.Sum()}: {Table(_refused)}");
        TestContext.Out.WriteLine($"decided together {_adopted.Values.Sum()}: {Table(_adopted)}");
        TestContext.Out.WriteLine($"said by the nodes of suspended departments {_bySuspended.Values.Sum()}: {Table(_bySuspended)}");
        if (steps >= StepsByDefault)
            AssertFarEnough();
    }

    /// <summary>Every action came about, and every rule that it can break was met: else the invariants were asked of little.</summary>
    private void AssertFarEnough()
    {
        Assert.That(_bySuspended.Keys, Does.Contain(nameof(TransactionBody.ActionOneofCase.Accuse)));
        Assert.That(_refused.Keys, Is.SupersetOf(Often));
        if (_steps < StepsForAll)
            return;
        Assert.That(_accepted.Keys, Is.EquivalentTo(Enum.GetNames<TransactionBody.ActionOneofCase>().Where(static a => a != nameof(TransactionBody.ActionOneofCase.None))));
        Assert.That(_adopted.Keys, Is.EquivalentTo(Enum.GetNames<MembershipKind>()));
        Assert.That(_refused.Keys, Is.SupersetOf(Seldom));
    }

    /// <summary>A thousand steps of one ledger. Every second one begins with the first protocol version; leaders change soon, and come back.</summary>
    private void Live(int life, Random random, int until)
    {
        GenesisBody body = TestLedger.GenesisBody();
        EvidenceLedger.AddDepartments(body);
        body.ProtocolVersion = life % 2 == 0 ? 1u : 2u;
        (body.Parameters.LeaderBlocksMax, body.Parameters.SuspensionHeights) = (3, 20);
        Genesis genesis = Genesis.TryDecode(body.ToByteArray(), out _)!;
        var ledger = new InMemoryLedger(genesis);
        var shadow = new RuleShadow(body);
        var invariants = new RuleInvariants(shadow, genesis.ChainId);
        var actions = new RandomActions(shadow, genesis.ChainId, accuses: life % 5 == 4, random);
        while (_steps < until)
        {
            BlockHeader tip = ledger.Tip;
            ulong timeMs = tip.TimestampMs + 1 + (ulong)random.Next(random.Next(10) switch { < 6 => 2_000, < 9 => 20_000, _ => 180_000 });
            var candidates = new List<VerifiedTransaction>();
            for (int left = 1 + random.Next(3); left > 0 && _steps < until; left--)
            {
                _steps++;
                if (Decode(actions.Next(tip.Height + 1, timeMs), genesis.ChainId) is { } candidate)
                    candidates.Add(candidate);
            }
            ValidatorSet acting = ValidatorHistory.Of(genesis, ledger).Acting;
            int proposer = random.Next(4) > 0 ? StateValue.NextLeaders(ledger).Leader(0) : random.Next(acting.Count);
            BuiltBlock built = BlockExecutor.Build(ledger, acting, timeMs, (ushort)proposer, candidates, uint.MaxValue);
            foreach (LeftOut left in built.LeftOut)
                Count(_refused, left.Rejection.CodeName);
            invariants.Take(tip, timeMs, candidates, built);
            if (built.Block is not { } block)
                continue;
            _blocks++;
            foreach (VerifiedTransaction accepted in block.Transactions)
                Count(_accepted, $"{accepted.Transaction.Body.ActionCase}");
            ledger.Apply(block);
            invariants.Compare(ledger);
        }
        foreach (MembershipKind kind in invariants.Adopted)
            Count(_adopted, $"{kind}");
        foreach (TransactionBody.ActionOneofCase action in invariants.BySuspended)
            Count(_bySuspended, $"{action}");
    }

    private VerifiedTransaction? Decode(byte[] envelope, Digest chainId)
    {
        VerifiedTransaction? verified = TransactionDecoder.TryDecode(envelope, chainId, out Rejection? rejection) is { } transaction
            ? VerifiedTransaction.VerifyAll([transaction], new FormVerifier())[0]
            : null;
        if (verified is null)
            Count(_refused, rejection?.CodeName ?? "INVALID_SIGNATURE");
        return verified;
    }

    private static void Count(SortedDictionary<string, int> counts, string what) => counts[what] = counts.GetValueOrDefault(what) + 1;

    private static string Table(SortedDictionary<string, int> counts) => string.Join(", ", counts.Select(static c => $"{c.Key} {c.Value}"));
}
