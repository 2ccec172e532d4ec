using CsCheck;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Protos.V1;
using NUnit.Framework;
using static GovChain.Tests.Unit.Execution.TestLedger;

namespace GovChain.Tests.Unit.Execution;

/// <summary>
/// Goal: over any sequence of changes, submissions, approvals and refusals by whoever, in blocks of any size and over any time, the
/// ledger accepts and holds what two dictionaries would. Invariants: nobody approves what it submitted, versions follow one another,
/// and a second ledger that checks the blocks ends at the same roots.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ApprovalTwinTest
{
    private const ulong WaitMs = 65_000;

    private static readonly (string Id, TestKey Key, OfficerRole[] Roles)[] Officers =
    [
        ("one", new TestKey(651), [OfficerRole.Clerk, OfficerRole.Approver]), ("two", new TestKey(652), [OfficerRole.Clerk, OfficerRole.Approver]),
        ("writes", new TestKey(653), [OfficerRole.Clerk]), ("signs", new TestKey(654), [OfficerRole.Approver]),
    ];

    private static readonly Gen<(int Kind, int Record, int Officer, int Older, int Ends)[]> Sequences =
        Gen.Select(Gen.Int[0, 3], Gen.Int[0, 1], Gen.Int[0, 3], Gen.Int[0, 3], Gen.Int[0, 5]).Array[1, 60];

    [Test]
    public void Approvals_OverRandomSequences_EqualDictionaries() => Sequences.Sample(steps => new Twin().Run(steps), iter: 200);

    private sealed record Waiting(Digest Id, ulong Expected, ulong UntilMs, string Submitter)
    {
        public bool IsDecided { get; set; }
    }

    private sealed class Twin
    {
        private readonly TestLedger _ledger = Ready();
        private readonly InMemoryLedger _second;
        private readonly Dictionary<string, (ulong Version, string? Approver)> _records = [];
        private readonly Dictionary<string, List<Waiting>> _submissions = [];
        private readonly List<VerifiedTransaction> _pending = [];
        private ulong _timeMs;
        private int _refused;

        public Twin()
        {
            _ledger.Commit([.. Officers.Select(o => (AlphaAdmin, Actions.Enrol(o.Id, o.Key, o.Roles)))]);
            _second = new InMemoryLedger(_ledger.Genesis);
            _ledger.Blocks.ForEach(CheckSecond);
            _timeMs = _ledger.NextTimeMs;
        }

        public void Run((int Kind, int Record, int Officer, int Older, int Ends)[] steps)
        {
            foreach ((int kind, int record, int officer, int older, int ends) in steps)
            {
                Step(kind, $"r{record}", officer, older);
                if (ends > 2)
                    End(ends == 5 ? WaitMs - 3_000 : 1_000);
            }
            End(1_000);
            Assert.That(_second.Tip, Is.EqualTo(_ledger.State.Tip));
            foreach ((string id, (ulong version, string? approver)) in _records)
            {
                RecordState held = _ledger.Record(id)!;
                Assert.That((held.Version, held.Approval?.OfficerId), Is.EqualTo((version, approver)));
                Assert.That(held.Approval?.OfficerId, Is.Not.EqualTo(held.OfficerId));
            }
        }

        private void Step(int kind, string id, int by, int older)
        {
            (string officer, TestKey key, OfficerRole[] roles) = Officers[by];
            ulong version = _records.GetValueOrDefault(id).Version;
            List<Waiting> submissions = _submissions.TryGetValue(id, out List<Waiting>? found) ? found : _submissions[id] = [];
            Waiting? newest = submissions.LastOrDefault();
            Waiting? meant = submissions.Count == 0 ? null : submissions[Math.Max(0, submissions.Count - 1 - older / 2)];
            bool waits = newest is { IsDecided: false } && _timeMs < newest.UntilMs;
            bool clerk = roles.Contains(OfficerRole.Clerk), approver = roles.Contains(OfficerRole.Approver), valid;
            TransactionBody action = kind < 2
                ? version == 0 ? Actions.Register(id) : Actions.Amend(id, version)
                : kind == 2 ? Actions.Approve(id, version, meant?.Id ?? Digest.Zero) : Actions.Refuse(id, meant?.Id ?? Digest.Zero);
            if (kind == 1)
                Actions.Submitted(action, _timeMs + WaitMs);
            VerifiedTransaction transaction = _ledger.Make(key, action, _timeMs + 60_000);
            switch (kind)
            {
                case 0:
                    if (valid = clerk)
                        _records[id] = (version + 1, null);
                    break;
                case 1:
                    if (valid = clerk && !(waits && newest!.Expected == version))
                        submissions.Add(new Waiting(transaction.Transaction.Id, version, _timeMs + WaitMs, officer));
                    break;
                case 2:
                    if (valid = waits && meant == newest && approver && newest!.Submitter != officer && newest.Expected == version)
                        (_records[id], newest!.IsDecided) = ((version + 1, officer), true);
                    break;
                default:
                    if (valid = waits && meant == newest && (approver || newest!.Submitter == officer))
                        newest!.IsDecided = true;
                    break;
            }
            _refused += valid ? 0 : 1;
            _pending.Add(transaction);
        }

        private void End(ulong passesMs)
        {
            BuiltBlock built = BlockExecutor.Build(_ledger.State, _ledger.Genesis.Validators, _timeMs, 0, _pending);
            Assert.That(built.LeftOut, Has.Count.EqualTo(_refused));
            (_refused, _timeMs) = (0, _timeMs + passesMs);
            _pending.Clear();
            if (built.Block is not { } block)
                return;
            _ledger.State.Apply(block);
            CheckSecond(block);
        }

        private void CheckSecond(ExecutedBlock block) => _second.Apply(
            BlockExecutor.Check(_second, _ledger.Genesis.Validators, block.Header, block.Transactions, out BlockFailure? failure)
            ?? throw new InvalidOperationException(failure!.ToString()));
    }
}
