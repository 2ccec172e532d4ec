using System.Text;
using CsCheck;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Protos.V1;
using NUnit.Framework;
using static GovChain.Tests.Unit.Execution.TestLedger;

namespace GovChain.Tests.Unit.Execution;

/// <summary>
/// Goal: over any sequence of record actions of two departments, in blocks of any size, the ledger accepts and holds what a
/// dictionary with version numbers and custodians would; and a second ledger that checks the blocks ends at the same roots.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class RecordTwinTest
{
    private const int Transfer = 5, Accept = 6;

    /// <summary>Half of the steps follow the current version.</summary>
    private static readonly Gen<(int Kind, int Id, int Version, bool IsAlpha, bool Ends)[]> Sequences =
        Gen.Select(Gen.Int[0, Accept], Gen.Int[0, 1], Gen.Int[-1, 2].Select(static v => v % 2), Gen.Bool, Gen.Bool).Array[1, 50];

    /// <summary>Clerk and approver at once, of each department.</summary>
    private static readonly Dictionary<string, TestKey> Officers = new() { ["alpha"] = new TestKey(650), ["beta"] = new TestKey(651) };

    private sealed record Held(ulong Version, RecordStatus Status, string Content, string Custodian)
    {
        /// <summary>The newest transfer that was offered, until it is decided.</summary>
        public (Digest Id, ulong Version, string Receiver)? Offer { get; init; }
    }

    [Test]
    public void Records_OverRandomSequences_EqualADictionary() => Sequences.Sample(Run, iter: 200);

    private static void Run((int Kind, int Id, int Version, bool IsAlpha, bool Ends)[] steps)
    {
        TestLedger ledger = Ready();
        ledger.Commit(
            (AlphaClerk, Actions.Register("heir")), (AlphaAdmin, Actions.Enrol("both", Officers["alpha"], OfficerRole.Clerk, OfficerRole.Approver)),
            (BetaAdmin, Actions.Enrol("both", Officers["beta"], OfficerRole.Clerk, OfficerRole.Approver)));
        InMemoryLedger second = Replica(ledger);
        var twin = new Dictionary<string, Held>();
        var pending = new List<VerifiedTransaction>();
        int expectedLeftOut = 0;
        for (int i = 0; i < steps.Length; i++)
        {
            (int kind, int number, int offset, bool isAlpha, bool ends) = steps[i];
            (string department, string other) = isAlpha ? ("alpha", "beta") : ("beta", "alpha");
            string id = $"r{number}";
            Held held = twin.GetValueOrDefault(id) ?? new Held(0, 0, "", "alpha");
            ulong expected = (ulong)Math.Max(kind is 0 or Accept ? 0 : 1, (long)held.Version + offset);
            VerifiedTransaction made = ledger.Make(Officers[department], kind switch
            {
                0 => Actions.Register(id, expected, $"c{i}"),
                1 => Actions.Amend(id, expected, $"c{i}"),
                2 => Actions.Annul(id, expected),
                3 => Actions.Supersede(id, expected, (Actions.Type, "heir")),
                4 => Actions.Reinstate(id, expected),
                Transfer => Actions.Transfer(id, expected, other, ledger.NextTimeMs + 1_000_000),
                _ => Actions.Approve(id, expected, held.Offer?.Id ?? ledger.Genesis.ChainId),
            });
            if (After(held, kind, expected, department, other, made.Transaction.Id, $"c{i}") is { } next)
                twin[id] = next;
            else
                expectedLeftOut++;
            pending.Add(made);
            if (!ends && i < steps.Length - 1)
                continue;
            BuiltBlock built = ledger.Build(pending);
            Assert.That(built.LeftOut, Has.Count.EqualTo(expectedLeftOut));
            pending.Clear();
            expectedLeftOut = 0;
            if (built.Block is not { } block)
                continue;
            ledger.State.Apply(block);
            second.Apply(BlockExecutor.Check(
                second, ledger.Genesis.Validators, block.Header, block.Transactions, out BlockFailure? failure)
                ?? throw new InvalidOperationException(failure!.ToString()));
        }
        Assert.That(second.Tip, Is.EqualTo(ledger.State.Tip));
        foreach ((string id, Held held) in twin)
        {
            RecordState record = ledger.Record(id)!;
            Assert.That((record.Version, record.Status), Is.EqualTo((held.Version, (uint)held.Status)));
            Assert.That(record.PayloadDigest.Span.SequenceEqual(Sha256.Hash(Encoding.UTF8.GetBytes(held.Content)).Span));
            Assert.That(record.Custodian, Is.EqualTo(held.Custodian == "alpha" ? "" : held.Custodian));
        }
    }

    /// <summary>What the step makes of a record; null if it may not.</summary>
    private static Held? After(Held held, int kind, ulong expected, string department, string other, Digest id, string content)
    {
        if (kind == Accept)
        {
            return held.Offer is { } offer && offer.Receiver == department && offer.Version == held.Version && expected == held.Version
                ? held with { Version = held.Version + 1, Custodian = department, Offer = null } : null;
        }
        bool mayFollow = kind switch
        {
            0 => held.Status is 0 or RecordStatus.Annulled,
            4 => held.Status == RecordStatus.Annulled,
            _ => held.Status == RecordStatus.InForce,
        };
        if (department != held.Custodian || expected != held.Version || !mayFollow)
            return null;
        if (kind == Transfer)
            return held.Offer?.Version == held.Version ? null : held with { Offer = (id, held.Version, other) };
        return held with
        {
            Version = held.Version + 1,
            Status = kind switch { 2 => RecordStatus.Annulled, 3 => RecordStatus.Superseded, _ => RecordStatus.InForce },
            Content = kind < 2 ? content : held.Content,
        };
    }

    /// <summary>A ledger that checks the first one's block 1 as any other node would.</summary>
    private static InMemoryLedger Replica(TestLedger ledger)
    {
        var replica = new InMemoryLedger(ledger.Genesis);
        foreach (ExecutedBlock block in ledger.Blocks)
        {
            replica.Apply(BlockExecutor.Check(
                replica, ledger.Genesis.Validators, block.Header, block.Transactions, out BlockFailure? failure)
                ?? throw new InvalidOperationException(failure!.ToString()));
        }
        return replica;
    }
}
