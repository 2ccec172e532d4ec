using GovChain.Consensus;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Node.Consensus;
using GovChain.Protos.V1;

namespace GovChain.Tests.Simulation;

/// <content>
/// Joining by snapshot: <see cref="SnapshotPlan"/>, <see cref="SnapshotSources"/> and <see cref="SnapshotAssembler"/> decide, this asks,
/// waits and puts in place; and holding snapshots for others.
/// </content>
internal sealed partial class SimulatedNode
{
    // In production two megabytes: here a snapshot is to be many parts.
    public const int AnswerBytesMax = 1_500;

    private SnapshotPlan _plan;
    private SnapshotLeases<SimulatedView> _shelf;
    private (SimulatedAssembly Ledger, BlockHeader From)? _install; // the folder 'install' of production: durable
    private (BlockHeader From, BlockHeader To)? _advanced; // the file 'advanced': durable, until the journal says it
    private bool _diesInstalling;

    /// <summary>Parts of snapshots, and blocks asked for like them, that have been answered.</summary>
    public ulong PartsTaken { get; private set; }

    /// <summary>Snapshots that took the place of the ledger.</summary>
    public int Installs { get; private set; }

    /// <summary>It dies while the next snapshot is put in place.</summary>
    public void DieInstalling() => _diesInstalling = true;

    /// <summary>It lets go of the snapshots that it holds for others.</summary>
    public void DropSnapshots() => _shelf = NewShelf();

    private SnapshotPlan NewPlan() => new(_stage.Scenario.SnapshotLag);

    private SnapshotLeases<SimulatedView> NewShelf() => new(_stage.Scenario.SnapshotFetchMs);

    /// <summary>Looks for a snapshot, if the node is so far behind that it costs less; else, and where there is none, goes on otherwise.
    /// </summary>
    private void TrySnapshot(ulong lag, Action otherwise, int? wordOf = null)
    {
        if (_plan.Begin(lag, MonotonicMs, wordOf))
            Search(new SnapshotSources(Others, () => MonotonicMs, Blame, _plan), otherwise);
        else
            otherwise();
    }

    private void Search(SnapshotSources sources, Action otherwise) => Ask(Counted(sources.Find(_plan.UsefulAbove(Ledger.Tip.Header))), () =>
    {
        if (sources.Found is { } height)
        {
            Fetch(sources, height, otherwise);
            return;
        }
        _plan.NothingOffered(MonotonicMs);
        otherwise();
    });

    private IEnumerable<LedgerQuestion> Counted(IEnumerable<LedgerQuestion> questions)
    {
        foreach (LedgerQuestion question in questions)
        {
            yield return question;
            PartsTaken++;
        }
    }

    private void Fetch(SnapshotSources sources, ulong height, Action otherwise)
    {
        BlockHeader tip = Ledger.Tip.Header;
        var assembly = new SimulatedAssembly();
        var assembler = new SnapshotAssembler(
            _stage.Chain.Genesis, Ledger.History, _stage.Keys, sources, assembly, height)
        {
            IsWorthwhile = (header, below, rows) => SnapshotPlan.IsCheaper(tip, header, below, rows),
            AnswerBytesMax = AnswerBytesMax,
            WaitMaxMs = _stage.Scenario.SnapshotFetchMs,
        };
        _stage.Chart?.Event(this, 'F', $"fetches the snapshot at {height}");
        Ask(Counted(_stage.Invariants.WatchParts(this, assembler.Questions())), () =>
        {
            if (assembler.Failure is null && height > _plan.UsefulAbove(Ledger.Tip.Header))
            {
                BlockHeader from = Ledger.Tip.Header;
                Later(_stage.Duration(Work.Store), () => PutInPlace(assembly, from));
                return;
            }
            _stage.Chart?.Event(this, 'x', $"gives the snapshot at {height} up: {assembler.Failure ?? "it is nearly there by blocks"}");
            _stage.Invariants.OnGivenUp(this, assembler.Header);
            sources.GiveUp(assembler.IsProven);
            if (_plan.TryAgain(assembler.IsProven, MonotonicMs))
                Search(sources, otherwise);
            else
                otherwise();
        });
    }

    /// <summary>The new ledger is complete and durable beside the old one; the process ends and begins again.</summary>
    private void PutInPlace(SimulatedAssembly assembly, BlockHeader from)
    {
        _install = (assembly, from);
        _stage.Trace(Slot, 7, assembly.Log!.Header.Hash.Span);
        if (DiesInstalling())
            return;
        Later(_stage.Duration(Work.Store), BeginAnew);
    }

    /// <summary>At a start: what was complete takes the ledger's place.</summary>
    private void FinishInstall()
    {
        if (_install is not { } install)
            return;
        _install = null;
        ulong height = Ledger.Height;
        Ledger.Install(install.Ledger, _stage.Keys);
        _advanced = (install.From, Ledger.Tip.Header);
        _pool = NewPool();
        Installs++;
        _stage.Chart?.Event(this, 'I', $"has the snapshot at {Ledger.Height} in the place of its ledger at {height}");
        _stage.Invariants.OnInstalled(this);
    }

    /// <summary>Where a snapshot has carried the ledger on, the journal says so, durably, before anything is signed.</summary>
    private void CarryOn(List<byte[]> records)
    {
        if (_advanced is not { } advance)
            return;
        BlockHeader tip = Ledger.Tip.Header;
        if (advance.To.Equals(tip) && tip.Height > advance.From.Height
            && JournalBridge.MarkOver(records, advance.From.Height, tip) is { } mark)
        {
            _journal!.Append(JournalFrame.Encode(mark));
            _journal.Sync();
            records.Add(mark);
        }
        _advanced = null;
    }

    private bool DiesInstalling()
    {
        if (!_diesInstalling || !_stage.Rng.Chance(300))
            return false;
        _diesInstalling = false;
        Crash(FaultKind.CrashInInstall);
        return true;
    }

    /// <summary>The ledger is another one, and the journal does not say so yet.</summary>
    private bool DiesBeforeMark()
    {
        if (_advanced is null || !_diesInstalling || !_stage.Rng.Chance(300))
            return false;
        _diesInstalling = false;
        _stage.Faults.Add(FaultKind.CrashInInstall);
        _stage.Chart?.Event(this, 'C', "dies before its journal says so");
        return true;
    }

    private void Blame(int source, string complaint)
    {
        _stage.Chart?.Event(this, 'x', $"says of {source} that it {complaint}");
        _stage.Invariants.OnPassedOver(this, source, complaint);
    }

    private void HoldSnapshot()
    {
        if (_stage.Scenario.Snapshots && Ledger.Height % _stage.Scenario.SnapshotSpacing == 0)
            _shelf.Add(Ledger.Height, Ledger.OpenView(), MonotonicMs);
    }

    private void ServeSnapshot(int from, SnapshotAsk ask)
    {
        if (_adversary is { WithholdsParts: true })
        {
            _stage.Faults.Add(FaultKind.Withholding);
            return;
        }
        if (!SnapshotRules.IsWellFormed(ask.Request))
            throw new InvariantException("codec", $"node {from} asks for a part that no snapshot has");
        SnapshotResponse answer = AnswerSnapshot(ask.Request);
        answer.Height = ask.Request.Height;
        SnapshotResponse? told = _adversary is { } adversary ? adversary.Spoil(ask.Request, answer) : answer;
        if (told is not null)
            Later(_adversary?.LatePartUs(BlocksTimeoutUs) ?? 0, () => _stage.Send(this, from, new SnapshotGiven(ask.Id, told)));
    }

    /// <summary>The snapshot that it holds at a height; null for none.</summary>
    public SimulatedView? SnapshotAt(ulong height) => _shelf.TryTake(height, MonotonicMs);

    private SnapshotResponse AnswerSnapshot(SnapshotRequest request)
    {
        SimulatedView? view = request.PartCase == SnapshotRequest.PartOneofCase.None ? null : _shelf.TryTake(request.Height, MonotonicMs);
        if (view is not null)
            return SnapshotAnswers.Answer(view, request, AnswerBytesMax);
        _shelf.Sweep(MonotonicMs);
        if (_shelf.IsEmpty && Ledger.Height > 0)
            _shelf.Add(Ledger.Height, Ledger.OpenView(), MonotonicMs);
        return new SnapshotResponse { Held = SnapshotRules.WriteHeld(_shelf.Held(MonotonicMs)) };
    }

    private void ForgetSnapshots()
    {
        _plan = NewPlan();
        _shelf = NewShelf();
        _answers.Clear();
    }
}
