using CsCheck;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Protos.V1;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Execution;

/// <summary>
/// Goal: over any sequence of proposals, votes and withdrawals by whoever, in blocks of any size and over any time and any number of
/// epochs, the ledger accepts and holds what a dictionary would. Invariants: nothing changes without a quorum of the departments that
/// vote, and a second ledger that checks the blocks ends at the same roots.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ProposalTwinTest
{
    private const ulong LastsMs = 65_000;

    private const ulong VersionLaterMs = 90_000;

    private const string Mover = "beta";

    private static readonly Gen<(int Kind, int By, int Of, int Older, int Change, int Ends)[]> Sequences =
        Gen.Select(Gen.Int[0, 6], Gen.Int[0, 3], Gen.Int[0, 3], Gen.Int[0, 7], Gen.Int[0, 9].Select(static i => i > 7 ? 6 + i % 2 : i), Gen.Int[0, 11]).Array[1, 120];

    [Test]
    public void Proposals_OverRandomSequences_EqualADictionary()
    {
        int adopted = 0, rejected = 0, epochs = 0, suspended = 0, versions = 0, calledOff = 0;
        Sequences.Sample(
            steps =>
            {
                var twin = new Twin();
                twin.Run(steps);
                adopted += twin.Adopted;
                rejected += twin.Rejected;
                epochs += twin.Epochs;
                suspended += twin.Suspensions;
                versions += (int)twin.Version - 1;
                calledOff += twin.CalledOff;
            },
            iter: 500, threads: 1);
        Assert.That(adopted > 20 && rejected > 20 && epochs > 20 && suspended > 20 && versions > 2 && calledOff > 0,
            $"{adopted} adopted, {rejected} rejected, {epochs} epochs, {suspended} suspensions and ends of them, {versions} versions, {calledOff} called off");
    }

    private sealed record Proposed(Digest Id, int Change, uint Number, ulong Epoch, ulong UntilMs)
    {
        public Dictionary<string, bool> Votes { get; } = [];

        public ProposalStatus Status { get; set; } = ProposalStatus.Open;
    }

    private sealed class Twin
    {
        private readonly TestLedger _ledger = Proposals.Ledger();
        private readonly InMemoryLedger _second;
        private readonly Dictionary<string, List<Proposed>> _proposals = [];
        private readonly List<VerifiedTransaction> _pending = [];
        private readonly List<string> _voters = [.. Proposals.Voters.Select(static v => v.Department)];
        private readonly HashSet<string> _leaving = [];
        private readonly HashSet<string> _suspended = []; // as the block before left it
        private readonly HashSet<string> _suspendedNow = []; // as the block so far leaves it
        private bool _epochEnds;
        private ulong _epoch;
        private ulong _timeMs;
        private uint _leaderBlocks = LedgerParameters.CreateDefault().LeaderBlocksMax;
        private string _endpoint = $"{Mover}.example:7001";
        private (uint Version, ulong FromMs)? _scheduled;
        private uint _number;
        private int _refused;

        public Twin()
        {
            _second = new InMemoryLedger(_ledger.Genesis);
            _ledger.Blocks.ForEach(CheckSecond);
            _timeMs = _ledger.NextTimeMs;
        }

        public int Adopted { get; private set; }

        public int Rejected { get; private set; }

        public int Epochs => (int)_epoch;

        public int Suspensions { get; private set; }

        public uint Version { get; private set; } = ProtocolVersions.First;

        public int CalledOff { get; private set; }

        public void Run((int Kind, int By, int Of, int Older, int Change, int Ends)[] steps)
        {
            foreach ((int kind, int by, int of, int older, int change, int ends) in steps)
            {
                Step(kind, Proposals.Voters[by], Proposals.Voters[of].Department, older == 0, change);
                if (ends > 5)
                    End(ends == 11 ? LastsMs / 2 : 1_000);
            }
            End(1_000);
            Assert.That(_second.Tip, Is.EqualTo(_ledger.State.Tip));
            Assert.That(_ledger.Read<Parameters>(StateKey.Parameters)!.LeaderBlocksMax, Is.EqualTo(_leaderBlocks));
            Assert.That(_ledger.Read<DepartmentState>(StateKey.Department(Mover))!.Endpoint, Is.EqualTo(_endpoint));
            Assert.That(_ledger.Read<DepartmentState>(StateKey.Department("delta"))!.SuspendedHeight > 0, Is.EqualTo(_suspended.Contains("delta")));
            ProtocolState protocol = ProtocolVersions.Of(_ledger.State);
            Assert.That((protocol.Version, protocol.Scheduled?.Version, protocol.Scheduled?.FromMs),
                Is.EqualTo((Version, _scheduled?.Version, _scheduled?.FromMs)));
            Assert.That(_ledger.Leader.Departments, Is.EqualTo(_voters));
            Assert.That(_ledger.State.Tip.NextEpoch, Is.EqualTo(_epoch));
            foreach ((string department, List<Proposed> proposals) in _proposals)
            {
                ProposalState held = _ledger.Read<ProposalState>(StateKey.Proposal(department))!;
                Proposed newest = proposals[^1];
                Assert.That((held.Proposal.Span.SequenceEqual(newest.Id.Span), (ProposalStatus)held.Status), Is.EqualTo((true, newest.Status)));
                Assert.That(held.Votes.ToDictionary(v => v.Department, v => v.InFavour), Is.EqualTo(newest.Votes));
            }
        }

        private void Step(int kind, (string Department, TestKey Administrator) by, string of, bool older, int change)
        {
            bool maySign = _voters.Contains(by.Department) && !_suspended.Contains(by.Department), valid;
            if (kind == 0)
            {
                Proposed? before = _proposals.GetValueOrDefault(by.Department)?[^1];
                (TransactionBody action, bool possible) = Proposal(change);
                VerifiedTransaction transaction = _ledger.Make(by.Administrator, action, _timeMs + 60_000);
                if (valid = maySign && possible && (before is null || !IsOpen(before)))
                {
                    if (!_proposals.TryGetValue(by.Department, out List<Proposed>? made))
                        _proposals[by.Department] = made = [];
                    made.Add(new Proposed(transaction.Transaction.Id, change, change == 6 ? Version + 1 : _number, _epoch, _timeMs + LastsMs));
                }
                Add(transaction, valid);
                return;
            }
            List<Proposed> proposals = _proposals.GetValueOrDefault(of) ?? [];
            Proposed? meant = proposals.Count == 0 ? null : proposals[older ? 0 : ^1];
            bool open = meant is not null && meant == proposals[^1] && IsOpen(meant);
            Digest id = meant?.Id ?? Digest.Zero;
            if (kind == 6)
            {
                if (valid = maySign && by.Department == of && open)
                    meant!.Status = ProposalStatus.Withdrawn;
                Add(_ledger.Make(by.Administrator, Proposals.Withdraw(id), _timeMs + 60_000), valid);
                return;
            }
            bool inFavour = kind < 5;
            valid = maySign && open && !(meant!.Votes.TryGetValue(by.Department, out bool cast) && cast == inFavour);
            if (valid)
                valid = Count(meant!, by.Department, inFavour);
            Add(_ledger.Make(by.Administrator, Proposals.Vote(of, id, inFavour), _timeMs + 60_000), valid);
        }

        /// <summary>Counts a vote; false, with nothing done, where it would decide on what cannot be.</summary>
        private bool Count(Proposed proposal, string department, bool inFavour)
        {
            int quorum = _voters.Count switch { 4 => 3, 3 => 2, 2 => 2, _ => 1 };
            int others = proposal.Votes.Count(v => v.Key != department && v.Value == inFavour);
            if (inFavour && others + 1 == quorum)
            {
                if (!IsPossible(proposal.Change, proposal.Number))
                    return false;
                proposal.Status = ProposalStatus.Adopted;
                Adopted++;
                Effect(proposal);
            }
            else if (!inFavour && others + 1 > _voters.Count - quorum)
            {
                proposal.Status = ProposalStatus.Rejected;
                Rejected++;
            }
            proposal.Votes[department] = inFavour;
            return true;
        }

        private void Effect(Proposed proposal)
        {
            switch (proposal.Change)
            {
                case 0:
                    _leaderBlocks = proposal.Number;
                    break;
                case 1:
                    _endpoint = $"{Mover}.example:{7_000 + proposal.Number}";
                    break;
                case 4:
                    _suspendedNow.Add("delta");
                    Suspensions++;
                    break;
                case 5:
                    _suspendedNow.Remove("delta");
                    Suspensions++;
                    break;
                case 6:
                    _scheduled = (proposal.Number, proposal.UntilMs + VersionLaterMs);
                    break;
                case 7:
                    _scheduled = null;
                    CalledOff++;
                    break;
                default:
                    _epochEnds = true;
                    if (proposal.Change == 3)
                        _leaving.Add("gamma");
                    break;
            }
        }

        private bool IsPossible(int change, uint number) => change switch
        {
            2 => !_epochEnds,
            3 => !_epochEnds && CanLeave(),
            // Three of four, or two of three; of the two whom a removal in this block would leave, both.
            4 => !_suspendedNow.Contains("delta") && SigningAfter("delta", leaving: false),
            5 => _suspendedNow.Contains("delta"),
            6 => number == Version + 1,
            7 => _scheduled is not null,
            _ => true,
        };

        private bool CanLeave() => _voters.Contains("gamma") && SigningAfter("gamma", leaving: true);

        private bool SigningAfter(string changed, bool leaving)
        {
            List<string> voters = [.. _voters.Where(v => !_leaving.Contains(v) && !(leaving && v == changed))];
            int quorum = voters.Count switch { 4 => 3, 3 => 2, 2 => 2, _ => 1 };
            return voters.Count(v => v != changed && !_suspendedNow.Contains(v)) >= quorum;
        }

        private (TransactionBody Action, bool Possible) Proposal(int change)
        {
            var newKey = new TestKey(20_000 + (int)++_number);
            MembershipChange proposed = change switch
            {
                0 => Proposals.Set(new Parameters { LeaderBlocksMax = _number }, _epoch),
                1 => Proposals.Move(Mover, $"{Mover}.example:{7_000 + _number}", _epoch),
                2 => MembershipChanges.Replace("alpha", newKey, _epoch),
                4 => Proposals.Suspend("delta", _epoch),
                5 => Proposals.LiftSuspension("delta", _epoch),
                6 => Proposals.Schedule(Version + 1, _epoch, _timeMs + LastsMs + VersionLaterMs),
                7 => Proposals.CallOff(_epoch),
                _ => MembershipChanges.Remove("gamma", _epoch),
            };
            proposed.ExpiresAtMs = _timeMs + LastsMs;
            bool possible = IsPossible(change, Version + 1);
            return (Proposals.Propose(_ledger.Genesis.ChainId, proposed, change == 2 ? newKey : null), possible);
        }

        private bool IsOpen(Proposed proposal) =>
            proposal.Status == ProposalStatus.Open && proposal.Epoch == _epoch && _timeMs < proposal.UntilMs;

        private void Add(VerifiedTransaction transaction, bool valid)
        {
            _refused += valid ? 0 : 1;
            _pending.Add(transaction);
        }

        private void End(ulong passesMs)
        {
            BuiltBlock built = BlockExecutor.Build(_ledger.State, Acting(_ledger.State), _timeMs, 0, _pending, uint.MaxValue);
            Assert.That(built.LeftOut, Has.Count.EqualTo(_refused), string.Join(' ', built.LeftOut.Select(static l => l.Rejection.CodeName)));
            if (built.Block is not null && _scheduled is { } due && _timeMs >= due.FromMs)
                (Version, _scheduled) = (due.Version, null);
            (_refused, _timeMs) = (0, _timeMs + passesMs);
            _pending.Clear();
            _epoch += _epochEnds ? 1UL : 0;
            _epochEnds = false;
            _suspended.Clear();
            _suspended.UnionWith(_suspendedNow);
            _voters.RemoveAll(_leaving.Contains);
            _leaving.Clear();
            if (built.Block is not { } block)
                return;
            _ledger.State.Apply(block);
            CheckSecond(block);
        }

        private ValidatorSet Acting(InMemoryLedger ledger) => ValidatorHistory.Of(_ledger.Genesis, ledger).Acting;

        private void CheckSecond(ExecutedBlock block) => _second.Apply(
            BlockExecutor.Check(_second, Acting(_second), block.Header, block.Transactions, out BlockFailure? failure, uint.MaxValue)
            ?? throw new InvalidOperationException(failure!.ToString()));
    }
}
