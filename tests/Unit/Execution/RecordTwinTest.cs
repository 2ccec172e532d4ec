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
/// Goal: over any sequence of record actions, in blocks of any size, the ledger accepts and holds what a dictionary with
/// version numbers would; and a second ledger that checks the blocks ends at the same roots.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class RecordTwinTest
{
    private static readonly Gen<(int Kind, int Id, int Version, bool Ends)[]> Sequences =
        Gen.Select(Gen.Int[0, 4], Gen.Int[0, 2], Gen.Int[-1, 1], Gen.Bool).Array[1, 40];

    [Test]
    public void Records_OverRandomSequences_EqualADictionary() => Sequences.Sample(Run, iter: 200);

    private static void Run((int Kind, int Id, int Version, bool Ends)[] steps)
    {
        TestLedger ledger = Ready();
        ledger.Commit((AlphaClerk, Actions.Register("heir")));
        InMemoryLedger second = Replica(ledger);
        var twin = new Dictionary<string, (ulong Version, RecordStatus Status, string Content)>();
        var pending = new List<VerifiedTransaction>();
        int expectedLeftOut = 0;
        for (int i = 0; i < steps.Length; i++)
        {
            (int kind, int number, int offset, bool ends) = steps[i];
            string id = $"r{number}";
            (ulong Version, RecordStatus Status, string Content) held = twin.GetValueOrDefault(id);
            ulong expected = (ulong)Math.Max(kind == 0 ? 0 : 1, (long)held.Version + offset);
            bool valid = expected == held.Version && kind switch
            {
                0 => held.Status is 0 or RecordStatus.Annulled,
                4 => held.Status == RecordStatus.Annulled,
                _ => held.Status == RecordStatus.InForce,
            };
            if (valid)
            {
                twin[id] = (held.Version + 1, kind switch
                {
                    2 => RecordStatus.Annulled,
                    3 => RecordStatus.Superseded,
                    _ => RecordStatus.InForce,
                }, kind < 2 ? $"c{i}" : held.Content);
            }
            else
            {
                expectedLeftOut++;
            }
            pending.Add(ledger.Make(AlphaClerk, kind switch
            {
                0 => Actions.Register(id, expected, $"c{i}"),
                1 => Actions.Amend(id, expected, $"c{i}"),
                2 => Actions.Annul(id, expected),
                3 => Actions.Supersede(id, expected, (Actions.Type, "heir")),
                _ => Actions.Reinstate(id, expected),
            }));
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
        foreach ((string id, (ulong version, RecordStatus status, string content)) in twin)
        {
            RecordState record = ledger.Record(id)!;
            Assert.That((record.Version, record.Status), Is.EqualTo((version, (uint)status)));
            Assert.That(record.PayloadDigest.Span.SequenceEqual(Sha256.Hash(Encoding.UTF8.GetBytes(content)).Span));
        }
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
