using GovChain.Core.Execution;
using GovChain.Core.Model;
using Transaction = GovChain.Core.Model.Transaction;

namespace GovChain.Tests.Simulation;

/// <summary>
/// Has the administrators change the validators now and then: the last department comes and goes, keys are replaced. Two
/// changes for one epoch may be under way at a time; one of them wins.
/// </summary>
internal sealed class MembershipDirector(Stage stage)
{
    private readonly HashSet<int> _replaced = [];
    private bool _stopped;

    /// <summary>Begins.</summary>
    public void Start() => stage.After(200_000, Propose);

    /// <summary>No new changes.</summary>
    public void Stop() => _stopped = true;

    private void Propose()
    {
        if (_stopped)
            return;
        Prng rng = stage.Rng;
        if (Next() is { } change)
        {
            stage.Invariants.Submitted[change.Id] = Fate.MayCommit;
            stage.Chart?.Note($"proposed: {change.Body.ChangeMembership.Change}");
            // To some, or to all: whoever gets it tells the others.
            int told = rng.Chance(500) ? stage.Nodes.Count : 1;
            int first = rng.Below(stage.Nodes.Count);
            for (int i = 0; i < told; i++)
                stage.Nodes[(first + i) % stage.Nodes.Count].Submit(change);
        }
        stage.After((ulong)rng.Between(100, 900) * 1_000, Propose);
    }

    private Transaction? Next()
    {
        ValidatorHistory history = stage.Invariants.History;
        int last = stage.Scenario.Validators - 1;
        string lastName = stage.Keys.Set[last].Department;
        bool acts = history.Acting.IndexOf(lastName) >= 0;
        bool came = history.Changes.Any(c => c.Department == lastName);
        var maker = new MembershipMaker(stage.Chain, stage.Keys, stage.Scenario.Founders, history);
        if ((acts || !came) && stage.Rng.Chance(600))
            return maker.Make(acts ? MembershipKind.Remove : MembershipKind.Admit, last, stage.UtcMs);
        int replaced = stage.Rng.Below(history.Acting.Count);
        return _replaced.Add(replaced) ? maker.Make(MembershipKind.ReplaceKey, replaced, stage.UtcMs) : null;
    }
}
