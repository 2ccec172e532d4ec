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
    private const int StepsByDefault = 10_000, StepsOfALife = 1_000;

    private readonly SortedDictionary<string, int> _accepted = new(StringComparer.Ordinal), _refused = new(StringComparer.Ordinal);
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
                Live(new Random(unchecked((seed * 1_000_003) + life)), Math.Min(steps, _steps + StepsOfALife));
            }
            catch (AssertionException e)
            {
                throw new AssertionException($"Life {life}, step {_steps}: {e.Message} Run ./soak rules --steps {_steps} --seed {seed} again.", e);
            }
        }
        TestContext.Out.WriteLine($"{_steps} steps in {_blocks} blocks, {Stopwatch.GetElapsedTime(started).TotalSeconds:F0} s");
        TestContext.Out.WriteLine($"accepted {_accepted.Values.Sum()}: {Table(_accepted)}");
        TestContext.Out.WriteLine($"refused {_refused.Values.Sum()}: {Table(_refused)}");
        if (steps >= StepsByDefault)
            AssertFarEnough();
    }

    /// <summary>Every action of officers came about, and every rule that they can break was met: else the invariants were asked of little.</summary>
    private void AssertFarEnough()
    {
        IEnumerable<string> actions = Enum.GetValues<TransactionBody.ActionOneofCase>()
            .Where(static a => a is TransactionBody.ActionOneofCase.PostReadRoot || (a is not TransactionBody.ActionOneofCase.None && (int)a < 80))
            .Select(static a => $"{a}");
        Assert.That(_accepted.Keys, Is.SupersetOf(actions));
        Assert.That(_refused.Keys, Is.SupersetOf(new[]
        {
            "SIGNER_REVOKED", "SIGNER_EXPIRED", "SIGNER_NOT_YET_VALID", "UNKNOWN_SIGNER", "NOT_PERMITTED", "DUPLICATE", "EXPIRED", "EXPIRY_TOO_FAR", "VERSION_CONFLICT",
            "VERSION_AHEAD", "LAST_ADMINISTRATOR", "KEY_IN_USE", "OWN_SUBMISSION", "APPROVAL_REQUIRED", "APPROVAL_PENDING", "SUBMISSION_EXPIRED", "UNKNOWN_DELEGATION",
            "RECORD_SUPERSEDED", "ALREADY_CUSTODIAN", "RECEIVER_CANNOT_READ", "OTHER_EPOCH", "ALREADY_VOTED", "INVALID_PROOF", "READ_ROOT_NOT_NEXT", "READ_ROOT_TOO_SOON",
        }));
    }

    private void Live(Random random, int until)
    {
        GenesisBody body = TestLedger.GenesisBody();
        EvidenceLedger.AddDepartments(body);
        body.ProtocolVersion = 2;
        Genesis genesis = Genesis.TryDecode(body.ToByteArray(), out _)!;
        var ledger = new InMemoryLedger(genesis);
        var shadow = new RuleShadow(body);
        var invariants = new RuleInvariants(shadow);
        var actions = new RandomActions(shadow, genesis.ChainId, random);
        while (_steps < until)
        {
            ulong timeMs = ledger.Tip.TimestampMs + 1 + (ulong)random.Next(random.Next(10) switch { < 6 => 2_000, < 9 => 20_000, _ => 180_000 });
            var candidates = new List<VerifiedTransaction>();
            for (int left = 1 + random.Next(3); left > 0 && _steps < until; left--)
            {
                _steps++;
                if (Decode(actions.Next(timeMs), genesis.ChainId) is { } candidate)
                    candidates.Add(candidate);
            }
            BuiltBlock built = BlockExecutor.Build(ledger, ValidatorHistory.Of(genesis, ledger).Acting, timeMs, 0, candidates);
            foreach (LeftOut left in built.LeftOut)
                Count(_refused, left.Rejection.CodeName);
            if (built.Block is not { } block)
                continue;
            _blocks++;
            foreach (VerifiedTransaction accepted in block.Transactions)
                Count(_accepted, $"{accepted.Transaction.Body.ActionCase}");
            invariants.Take(block);
            ledger.Apply(block);
        }
    }

    private VerifiedTransaction? Decode(byte[] envelope, Digest chainId)
    {
        if (TransactionDecoder.TryDecode(envelope, chainId, out Rejection? rejection) is { } transaction)
            return VerifiedTransaction.VerifyAll([transaction], new TrustingVerifier())[0];
        Count(_refused, rejection!.CodeName);
        return null;
    }

    private static void Count(SortedDictionary<string, int> counts, string what) => counts[what] = counts.GetValueOrDefault(what) + 1;

    private static string Table(SortedDictionary<string, int> counts) => string.Join(", ", counts.Select(static c => $"{c.Key} {c.Value}"));
}
