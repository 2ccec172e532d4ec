namespace GovChain.Core.Merkle;

/// <summary>Where the state tree's pages come from: storage, an overlay of unsaved updates, or memory.</summary>
public interface IStatePageReader
{
    /// <summary>The encoded page, or null where none was ever written. The tree checks it against its parent.</summary>
    ReadOnlyMemory<byte>? TryGetPage(StatePageId id);

    /// <summary>Pages that updates keep for each other; null where every page is to be read and checked.</summary>
    StatePageCache? Cache => null;
}
