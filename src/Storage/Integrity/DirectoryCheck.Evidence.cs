namespace GovChain.Storage.Integrity;

/// <content>Evidence and kept justifications: each file says by its name what must be in it.</content>
public static partial class DirectoryCheck
{
    private static void CheckEvidence(Scope scope)
    {
        foreach (string name in EvidenceStore.NamesIn(scope.Root, EvidenceStore.EvidenceFolder))
        {
            scope.Cancellation.ThrowIfCancellationRequested();
            if (scope.Knows(name))
                continue;
            scope.Add(name, FileCondition.Sound, "evidence against a department");
            if (EvidenceStore.ReadEvidence(scope.Root, name, scope.ChainId) is null)
            {
                scope.Damaged(name, "the whole file", "evidence of this ledger whose id is the file's name", "other bytes",
                    "This file proves nothing. Move it aside; if it was evidence, other departments have it too, and the node gets it from "
                    + "them again.");
            }
            scope.OnRead?.Invoke(Core.Model.Evidence.Size);
        }
        foreach (string name in EvidenceStore.NamesIn(scope.Root, EvidenceStore.JustificationFolder))
        {
            scope.Cancellation.ThrowIfCancellationRequested();
            if (scope.Knows(name))
                continue;
            scope.Add(name, FileCondition.Sound, "why a block could be proposed in a later view");
            if (EvidenceStore.ReadJustification(scope.Root, name) is not { } bytes)
            {
                scope.Damaged(name, "the whole file", "a justification whose hash is in the file's name", "other bytes",
                    "Needed only to name the guilty of a fork at this height, for which other departments' copies serve as well. Move it aside.");
                continue;
            }
            scope.OnRead?.Invoke(bytes.Length);
        }
    }
}
