using GovChain.Consensus;
using GovChain.Core.Execution;
using GovChain.Core.Model;

namespace GovChain.Tests.Simulation;

/// <content>Catching up: <see cref="CatchUp"/> decides, this asks, waits and stores.</content>
internal sealed partial class SimulatedNode
{
    /// <summary>How long a peer is waited for, microseconds.</summary>
    public const ulong BlocksTimeoutUs = 500_000;

    // In production many more: here a few are to be several ranges.
    private const int BlocksPerResponse = 5;

    private readonly Queue<CertifiedBlock> _fetched = [];
    private readonly Queue<int> _sources = [];
    private CatchUp _catchUp;
    private (int Validator, ulong FirstHeight)? _asked;
    private (int Validator, string? Complaint)? _range;
    private int _question;
    private bool _catchingUp;
    private ulong _saidAhead;

    /// <summary>Makes catch-up forget whom it passed over; a restart does.</summary>
    private CatchUp NewCatchUp() => new(_stage.Chain.ChainId, _config.Validators, _stage.Keys);

    private void FetchBlocks(ulong upTo, int hint)
    {
        _catchUp.Need(upTo, hint);
        if (!_catchingUp)
            FetchRange();
    }

    private void FetchRange() => FetchRange(orSnapshot: true);

    private void FetchRange(bool orSnapshot)
    {
        _catchingUp = Ledger.Height < _catchUp.Target && Ledger.Tip.Header.NextValidatorSetHash == _config.Validators.Hash;
        if (!_catchingUp || (orSnapshot && LooksForSnapshot()))
            return;
        _saidAhead = 0;
        _sources.Clear();
        int[] others = _stage.Scenario.Snapshots ? Others() : [.. Enumerable.Range(0, _config.Validators.Count).Where(i => i != Index)];
        foreach (int validator in _catchUp.Sources(others, MonotonicMs))
            _sources.Enqueue(validator);
        AskNextSource();
    }

    private void AskNextSource()
    {
        int question = ++_question;
        if (!_sources.TryDequeue(out int validator))
        {
            Later(CatchUp.PauseMs * 1_000, FetchRange);
            return;
        }
        ulong first = Ledger.Height + 1;
        _asked = (validator, first);
        _stage.Send(this, validator, new BlockRequest(first));
        Later(BlocksTimeoutUs, () =>
        {
            if (_question == question)
                Judge(validator, null);
        });
    }

    private void Judge(int validator, BlockResponse? answer)
    {
        _question++;
        ulong first = _asked!.Value.FirstHeight;
        _asked = null;
        (ulong, int, ulong, ulong)? said =
            answer is null ? null : (answer.First, answer.Blocks.Count, answer.TipHeight, answer.WholeFrom);
        if (!CatchUp.HasBlocks(first, said, out string? complaint))
        {
            if (complaint is not null)
                PassOver(validator, complaint);
            AskNextSource();
            return;
        }
        if (Ledger.Tip.Header.NextValidatorSetHash != _config.Validators.Hash)
            return; // the next epoch goes on
        foreach (CertifiedBlock block in _catchUp.Believe(first, answer!.Blocks, out complaint))
            _fetched.Enqueue(block);
        _range = (validator, complaint);
        StoreFetched();
    }

    private void PassOver(int validator, string complaint)
    {
        _stage.Chart?.Event(this, 'x', $"passes {validator} over: it {complaint}");
        _stage.Invariants.OnPassedOver(this, validator, complaint);
        _stage.OnPassedOver(this, validator);
        _catchUp.PassOver(validator, MonotonicMs);
    }

    private void ServeBlocks(int from, BlockRequest request)
    {
        if (_adversary is { Withholds: true })
        {
            _stage.Faults.Add(FaultKind.Withholding);
            return;
        }
        var blocks = new List<FetchedBlock>();
        for (ulong h = request.First; h >= Ledger.FirstWhole && h <= Ledger.Height && blocks.Count < BlocksPerResponse; h++)
            blocks.Add(FetchedOf(_adversary?.Spoil(Ledger.Blocks[(int)h]) ?? Ledger.Blocks[(int)h]));
        var answer = new BlockResponse(request.First, blocks, Ledger.Height, Ledger.FirstWhole, request.Id);
        _stage.Send(this, from, _adversary?.Spoil(answer) ?? answer);
    }

    private void TakeBlocks(int from, BlockResponse response)
    {
        if (response.Id > 0)
            Take(response.Id, response);
        else if (_asked is { } asked && asked.Validator == from && response.First == asked.FirstHeight)
            Judge(from, response);
    }

    /// <summary>Executes and stores the next fetched block; after the last of them asks for more.</summary>
    private void StoreFetched()
    {
        if (_storing is not null || _range is not { } range)
            return;
        while (_fetched.TryDequeue(out CertifiedBlock? next))
        {
            if (next.Header.Height <= Ledger.Height)
                continue;
            if (next.Header.ParentHash != Ledger.Tip.Block.Hash)
                break;
            if (_catchUp.Execute(Ledger.View, next, Verify, out string? complaint) is { } executed)
            {
                Store(executed, next.Certificate);
                return; // goes on when it is stored
            }
            range.Complaint = complaint;
            break;
        }
        _fetched.Clear();
        _range = null;
        if (range.Complaint is { } lie)
            PassOver(range.Validator, lie);
        FetchRange();
    }

    private VerifiedTransaction?[] Verify(IReadOnlyList<Transaction> transactions) =>
        VerifiedTransaction.VerifyAll(transactions, _stage.Keys);

    private void ForgetCatchUp()
    {
        _catchUp = NewCatchUp();
        _fetched.Clear();
        _sources.Clear();
        _asked = null;
        _range = null;
        _catchingUp = false;
        _saidAhead = 0;
    }
}
